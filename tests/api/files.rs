//! Files: sent by programs, named by messages, and given out again.

use crate::bench::Bench;
use crate::program::{Own, Program, next, until};
use crate::tokens::token;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderMap;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use stand_ins::people::{Act, File, Given};
use stand_ins::ports;

const FILES: &str = "/api/v1/channels/lobby/files";
const MESSAGES: &str = "/api/v1/channels/lobby/messages";
/// A picture of one pixel.
const PICTURE: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x00\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

impl Program {
    async fn sent(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// Sends a file; answers its id.
    async fn brings(&self, name: &str, mime: &str, bytes: &[u8]) -> String {
        let request = self.request("POST", &format!("{FILES}?name={name}"));
        let (status, answer) = self.sent(request.header("content-type", mime).body(bytes.to_vec())).await;
        assert_eq!(status, 201, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    /// A file: status, headers, bytes; with a range if one is given.
    async fn fetches(&self, url: &str, range: Option<&str>) -> (u16, HeaderMap, Vec<u8>) {
        let mut request = self.request("GET", url);
        if let Some(range) = range {
            request = request.header("range", range);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.headers().clone(), answer.bytes().await.unwrap().to_vec())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_sent_named_and_given_out() {
    let mut own = Own::started("").await;
    let mut program = own.program();
    program.post("lobby", "ready").await;
    // As the bytes alone, and as a form.
    let text = program.brings("r%C3%A9sum%C3%A9.txt", "text/plain", b"ten bytes.").await;
    let part = Part::bytes(PICTURE).file_name("dot.gif").mime_str("image/gif").unwrap();
    let form = program.request("POST", FILES).multipart(Form::new().part("file", part));
    let (status, picture) = program.sent(form).await;
    assert_eq!(
        (status, &picture["name"], &picture["kind"], &picture["mime"], &picture["size"]),
        (201, &json!("dot.gif"), &json!("image"), &json!("image/gif"), &json!(PICTURE.len()))
    );
    let message = json!({
        "text": "two files",
        "files": [
            { "id": text },
            { "id": picture["id"], "name": "a dot.gif", "description": "a dot", "spoiler": true },
        ],
    });
    let post = async |program: &Program| {
        let request = program.request("POST", MESSAGES).header("idempotency-key", "files").json(&message);
        program.sent(request).await
    };
    let posted = post(&program).await;
    assert_eq!(posted.0, 201, "{}", posted.1);
    let event = program.get(MESSAGES).await["events"][1].clone();
    let files = &event["files"];
    assert_eq!(
        (
            &files[0]["name"],
            &files[0]["mime"],
            &files[0]["size"],
            &files[1]["name"],
            &files[1]["description"]
        ),
        (&json!("résumé.txt"), &json!("text/plain"), &json!(10), &json!("a dot.gif"), &json!("a dot"))
    );
    let urls = [0, 1].map(|at| files[at]["url"].as_str().unwrap().to_owned());
    let (status, headers, bytes) = program.fetches(&urls[0], None).await;
    assert_eq!((status, bytes.as_slice()), (200, b"ten bytes.".as_slice()));
    for (name, value) in [
        ("content-type", "text/plain; charset=utf-8"),
        ("content-disposition", "attachment; filename*=UTF-8''r%C3%A9sum%C3%A9%2Etxt"),
        ("x-content-type-options", "nosniff"),
        ("content-length", "10"),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
    let (status, headers, bytes) = program.fetches(&urls[0], Some("bytes=4-6")).await;
    assert_eq!(
        (status, bytes.as_slice(), &headers["content-range"]),
        (206, b"byt".as_slice(), &"bytes 4-6/10".parse().unwrap())
    );
    assert_eq!(program.fetches(&urls[0], Some("bytes=10-")).await.0, 416);
    // All of it is there after a crash, and the same request posts nothing again.
    own.kill();
    own.start().await;
    program = own.program();
    program.post("lobby", "again").await;
    assert_eq!(post(&program).await, posted);
    assert_eq!(program.texts("lobby").await, ["ready", "two files", "again"]);
    let (status, headers, bytes) = program.fetches(&urls[1], None).await;
    assert_eq!(
        (status, &headers["content-type"], bytes.as_slice()),
        (200, &"image/gif".parse().unwrap(), PICTURE)
    );
    // Files alone are a message too; what is deleted has none any more.
    let id = program.brings("log", "application/octet-stream", b"\x00\x01").await;
    let (status, alone) = program.ask("POST", MESSAGES, Some(json!({ "files": [{ "id": id }] }))).await;
    assert_eq!(status, 201, "{alone}");
    let url = format!("{MESSAGES}/{}/files/0", alone["message"].as_str().unwrap());
    assert_eq!(program.fetches(&url, None).await.2, b"\x00\x01");
    assert_eq!(program.ask("DELETE", url.trim_end_matches("/files/0"), None).await.0, 204);
    assert_eq!(program.fetches(&url, None).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_taken_or_given_is_refused() {
    let own = Own::started("[media]\nlargest = \"1 KB\"").await;
    own.program().post("lobby", "ready").await;
    let (bot, other) = (token(&own, "Bot", &[]), token(&own, "Other", &[]));
    let (board, den) =
        (token(&own, "Board", &["--scope", "read"]), token(&own, "Den", &["--channel", "den"]));
    let id = bot.brings("a.txt", "text/plain", b"hello").await;
    let named = |id: &str| Some(json!({ "files": [{ "id": id }] }));
    let many: Vec<_> = (0..11).map(|_| json!({ "id": id })).collect();
    let described = json!({ "files": [{ "id": id, "description": "x".repeat(1_001) }] });
    let (status, posted) = bot.ask("POST", MESSAGES, named(&id)).await;
    assert_eq!(status, 201, "{posted}");
    let file = format!("{MESSAGES}/{}/files", posted["message"].as_str().unwrap());
    let (there, none) = (format!("{file}/0"), format!("{file}/1"));
    let in_den = "/api/v1/channels/den/messages";
    let cases = [
        (&other, "POST", MESSAGES, named(&id), 404, "no such file"),
        (&bot, "POST", in_den, named(&id), 404, "no such file"),
        (&bot, "POST", MESSAGES, named("nothing"), 404, "no such file"),
        (&bot, "POST", MESSAGES, named("../../key"), 404, "no such file"),
        (&bot, "POST", MESSAGES, Some(json!({ "files": many })), 400, "too many files"),
        (&bot, "POST", MESSAGES, Some(described), 400, "too long"),
        (&bot, "POST", MESSAGES, Some(json!({ "files": [] })), 400, "neither text nor files"),
        (&board, "GET", &there, None, 200, ""),
        (&board, "GET", &none, None, 404, "no such file in this message"),
        (&den, "GET", &there, None, 404, "no channel"),
        (&own.program(), "GET", &there, None, 401, "token"),
        (&board, "POST", FILES, None, 403, "scope"),
        (&bot, "POST", FILES, None, 400, "empty"),
        (&bot, "GET", FILES, None, 405, "cannot be done"),
        (&bot, "POST", "/api/v1/channels/lobby/files?names=x", None, 400, "the query"),
    ];
    for (program, method, path, body, status, words) in cases {
        let (code, answer) = program.ask(method, path, body).await;
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(code == status && error.contains(words), "{method} {path}: {code} {answer}");
    }
    // Too large, said before or only seen on the way; a form without the field; one that breaks off.
    let long = vec![b'x'; 2_000];
    let pieces = futures::stream::iter([long.clone(), long.clone()].map(Ok::<_, std::io::Error>));
    let form = |field: &'static str| Form::new().part(field, Part::bytes(long.clone()).file_name("a"));
    let broken = "multipart/form-data; boundary=x";
    let cases = [
        (bot.request("POST", FILES).body(long.clone()), 413, "larger than 1 kB"),
        (bot.request("POST", FILES).body(reqwest::Body::wrap_stream(pieces)), 413, "larger than 1 kB"),
        (bot.request("POST", FILES).multipart(form("file")), 413, "larger than 1 kB"),
        (bot.request("POST", FILES).multipart(form("picture")), 400, "field `file`"),
        (bot.request("POST", FILES).header("content-type", broken).body("--x\r\n"), 400, "field `file`"),
    ];
    for (request, status, words) in cases {
        let (code, answer) = bot.sent(request).await;
        assert!(code == status && answer["error"].as_str().unwrap().contains(words), "{code} {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_passes_through_and_stays_out_of_memory() {
    let own = Own::started("").await;
    let program = own.program();
    program.post("lobby", "ready").await;
    let before = own.memory();
    let pieces = || futures::stream::iter((0..1_600).map(|_| Ok::<_, std::io::Error>(vec![7; 64 << 10])));
    let size = 1_600_u64 * (64 << 10);
    let part = Part::stream(reqwest::Body::wrap_stream(pieces())).file_name("form.bin");
    for request in [
        program.request("POST", FILES).body(reqwest::Body::wrap_stream(pieces())),
        program.request("POST", FILES).multipart(Form::new().part("file", part)),
    ] {
        let (status, file) = program.sent(request).await;
        assert_eq!((status, &file["size"]), (201, &json!(size)), "{file}");
        let (_, posted) =
            program.ask("POST", MESSAGES, Some(json!({ "files": [{ "id": file["id"] }] }))).await;
        let url = format!("{MESSAGES}/{}/files/0", posted["message"].as_str().unwrap());
        let (status, _, bytes) = program.fetches(&url, None).await;
        assert!(status == 200 && bytes.len() as u64 == size && bytes.iter().all(|byte| *byte == 7));
    }
    let grown = own.memory().saturating_sub(before);
    assert!(grown < 32 << 10, "{grown} KiB for a file of {size} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_to_people_and_come_from_them() {
    let port = ports::free();
    let mut bench = Bench::new().await;
    bench.write_config(&format!("[api]\nlisten = \"127.0.0.1:{port}\"\n"));
    bench.start();
    bench.connected(4).await;
    let url = format!("http://127.0.0.1:{port}");
    let program = Program { url, token: None, client: reqwest::Client::new() };
    let mut events = program.events("lobby", None).await;
    // From a program to people.
    let id = program.brings("dot.gif", "image/gif", PICTURE).await;
    let message = json!({ "text": "a dot for all", "files": [{ "id": id, "description": "a dot" }] });
    let (status, answer) = program.ask("POST", MESSAGES, Some(message)).await;
    assert_eq!(status, 201, "{answer}");
    for platform in ["discord", "slack", "telegram"] {
        let seen = bench.arrives(platform, "a dot for all").await;
        assert_eq!(seen.attachments.len(), 1, "{platform}: {seen:?}");
        let bytes = program.client.get(&seen.attachments[0].url).send().await.unwrap().bytes().await.unwrap();
        assert_eq!(bytes, PICTURE, "{platform}");
    }
    next(&mut events, 1).await;
    // From people to a program.
    let said = "From a person, with bytes of their own.";
    let file = File {
        name: "note.txt".into(),
        kind: "file".into(),
        mime: "text/plain".into(),
        content: Some(STANDARD.encode(said)),
        ..File::default()
    };
    let (person, room) = (bench.person("discord"), bench.room("discord"));
    let text = "with a note".to_owned();
    let act = Act::Say { person, room, text, reply_to: None, files: vec![Given::File(file)], thread: None };
    bench.people("discord").act(act).unwrap();
    let event = next(&mut events, 1).await.remove(0);
    let url = event["files"][0]["url"].as_str().unwrap();
    until("the note is there", async || program.fetches(url, None).await.0 == 200).await;
    let (_, headers, bytes) = program.fetches(url, None).await;
    assert!(headers["content-disposition"].to_str().unwrap().starts_with("attachment; "));
    assert_eq!(String::from_utf8(bytes).unwrap(), said);
}
