//! The way out, against a server that wishes us ill.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Here, one address of this machine stands for the public Internet, and all others for somebody's own network.
fn is_public(address: IpAddr) -> bool {
    address == IpAddr::from([127, 0, 0, 1])
}

fn lookup() -> Lookup {
    Arc::new(|host| {
        Box::pin(async move {
            Ok(match host.as_str() {
                "public.test" | "other.test" => vec![[127, 0, 0, 1].into()],
                "inside.test" => vec![[127, 0, 0, 2].into()],
                "mixed.test" => vec![[127, 0, 0, 1].into(), [10, 0, 0, 1].into()],
                "nothing.test" => vec![],
                _ => return Err(std::io::Error::other("no such host")),
            })
        })
    })
}

fn patience() -> Patience {
    Patience {
        connect: Duration::from_secs(2),
        idle: Duration::from_millis(300),
        total: Duration::from_millis(1500),
        warm_up: Duration::from_millis(400),
        slowest: 1000,
    }
}

fn fetcher() -> Fetcher {
    // An error only says that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Fetcher::with(lookup(), is_public, patience()).unwrap()
}

fn at(url: String) -> Located {
    Located { url: url.into(), authorization: None, trusted: false, never_html: false, size: None }
}

/// What a path is answered with.
async fn answer(path: &str, request: &str, port: u16, mut to: TcpStream) -> std::io::Result<()> {
    let redirect = |to: &str| format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
    let whole = |mime: &str, body: &str| {
        format!("HTTP/1.1 200 OK\r\ncontent-type: {mime}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    };
    let told = request.lines().find_map(|line| line.strip_prefix("authorization: ")).unwrap_or("none");
    let text = match path {
        "/hello" => whole("text/plain", "hello"),
        "/told" => whole("text/plain", told),
        "/login" => whole("text/html; charset=utf-8", "<html>Sign in</html>"),
        "/to-hello" => redirect("/hello"),
        "/to-login" => redirect("/login"),
        "/to-told-elsewhere" => redirect(&format!("http://other.test:{port}/told")),
        "/to-told" => redirect("/told"),
        "/to-inside" => redirect(&format!("http://127.0.0.2:{port}/hello")),
        "/to-inside-by-name" => redirect(&format!("http://inside.test:{port}/hello")),
        "/to-mapped" => redirect(&format!("http://[::ffff:127.0.0.2]:{port}/hello")),
        "/to-number" => redirect(&format!("http://2130706434:{port}/hello")),
        "/to-file" => redirect("file:///etc/passwd"),
        "/to-nowhere" => "HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n".into(),
        "/loop" => redirect("/loop"),
        "/part" => "HTTP/1.1 206 Partial Content\r\ncontent-length: 2\r\n\r\nhe".into(),
        "/nothing" => "HTTP/1.1 204 No Content\r\n\r\n".into(),
        "/gone" => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".into(),
        "/wait" => "HTTP/1.1 429 Too Many\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n".into(),
        "/short" => "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello".into(),
        "/says-much" => "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nhello".into(),
        "/bomb" => "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello".into(),
        "/babble" => "SSH-2.0-OpenSSH\r\n".into(),
        "/silent" => {
            tokio::time::sleep(Duration::from_secs(5)).await;
            String::new()
        }
        "/headers" => {
            to.write_all(b"HTTP/1.1 200 OK\r\n").await?;
            for line in 0..1_000_000 {
                to.write_all(format!("x-{line}: {}\r\n", "y".repeat(1000)).as_bytes()).await?;
            }
            String::new()
        }
        "/endless" => {
            to.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            loop {
                to.write_all(&[7; 65_536]).await?;
            }
        }
        "/drops" => {
            to.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            loop {
                to.write_all(b"x").await?;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        _ => "HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n".into(),
    };
    to.write_all(text.as_bytes()).await?;
    to.shutdown().await
}

/// A server on every address of this machine, and how often it was reached.
async fn server() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let (port, reached) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let counter = reached.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                let mut request = vec![0; 8192];
                let read = stream.read(&mut request).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..read]).into_owned();
                let path = request.split(' ').nth(1).unwrap_or("").to_owned();
                // Whoever hangs up on it is who it wants to annoy.
                let _ = answer(&path, &request, port, stream).await;
            });
        }
    });
    (port, reached)
}

async fn fetch(fetcher: &Fetcher, located: &Located, most: u64) -> Result<String, FetchError> {
    let mut incoming = fetcher.open(located, most).await?;
    let mut all = Vec::new();
    while let Some(bytes) = incoming.next().await? {
        all.extend_from_slice(&bytes);
    }
    Ok(String::from_utf8_lossy(&all).into_owned())
}

#[tokio::test]
async fn what_a_hostile_server_gets_out_of_it() {
    let (port, _) = server().await;
    let fetcher = fetcher();
    let refused = |code, retry_after| FetchError::Refused { code, retry_after };
    let cases = [
        ("/hello", Ok("hello")),
        ("/to-hello", Ok("hello")),
        ("/login", Ok("<html>Sign in</html>")),
        ("/to-inside", Err(FetchError::NotPublic)),
        ("/to-inside-by-name", Err(FetchError::NotPublic)),
        ("/to-mapped", Err(FetchError::NotPublic)),
        ("/to-number", Err(FetchError::NotPublic)),
        ("/to-file", Err(FetchError::Address("it is not of the web"))),
        ("/to-nowhere", Err(FetchError::Senseless("a redirect to nowhere"))),
        ("/loop", Err(FetchError::Senseless("with one redirect after the other"))),
        ("/part", Err(FetchError::Senseless("with something that is not the whole of it"))),
        ("/nothing", Err(FetchError::Senseless("with something that is not the whole of it"))),
        ("/gone", Err(refused(404, None))),
        ("/wait", Err(refused(429, Some(Duration::from_secs(7))))),
        ("/short", Err(FetchError::BrokeOff)),
        ("/says-much", Err(FetchError::TooLarge(1000))),
        ("/endless", Err(FetchError::TooLarge(1000))),
        ("/bomb", Err(FetchError::Senseless("in a compressed form that was not asked for"))),
        ("/babble", Err(FetchError::Unreachable("it does not speak HTTP"))),
        ("/headers", Err(FetchError::Unreachable("it does not speak HTTP"))),
        ("/silent", Err(FetchError::Slow)),
        ("/drops", Err(FetchError::Slow)),
    ];
    for (path, expected) in cases {
        let got = fetch(&fetcher, &at(format!("http://public.test:{port}{path}")), 1000).await;
        assert_eq!(got, expected.map(str::to_owned), "{path}");
    }
}

#[tokio::test]
async fn no_connection_goes_to_what_is_not_public() {
    let (port, reached) = server().await;
    let fetcher = fetcher();
    for host in [
        "inside.test",
        "mixed.test",
        "nothing.test",
        "127.0.0.2",
        "[::1]",
        "[::ffff:127.0.0.2]",
        "0x7f000002",
    ] {
        let got = fetch(&fetcher, &at(format!("http://{host}:{port}/hello")), 1000).await;
        assert_eq!(got, Err(FetchError::NotPublic), "{host}");
    }
    assert_eq!(reached.load(Ordering::Relaxed), 0);
    let real = Fetcher::new().unwrap();
    for host in ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "169.254.169.254"] {
        let got = fetch(&real, &at(format!("http://{host}:{port}/hello")), 1000).await;
        assert_eq!(got, Err(FetchError::NotPublic), "{host}");
    }
    assert_eq!(reached.load(Ordering::Relaxed), 0);
    let unknown = fetch(&fetcher, &at("http://unknown.test/".into()), 1000).await;
    assert_eq!(unknown, Err(FetchError::Unreachable("no connection")));
}

#[tokio::test]
async fn a_trusted_host_is_trusted_at_home_only() {
    let (port, _) = server().await;
    let fetcher = fetcher();
    let trusted = |path: &str| Located { trusted: true, ..at(format!("http://inside.test:{port}{path}")) };
    assert_eq!(fetch(&fetcher, &trusted("/hello"), 1000).await, Ok("hello".into()));
    assert_eq!(fetch(&fetcher, &trusted("/to-hello"), 1000).await, Ok("hello".into()));
    // Another address of the same machine is another host.
    assert_eq!(fetch(&fetcher, &trusted("/to-inside"), 1000).await, Err(FetchError::NotPublic));
}

#[tokio::test]
async fn a_credential_goes_to_its_host_alone() {
    let (port, _) = server().await;
    let fetcher = fetcher();
    for (path, expected) in
        [("/told", "Bearer xoxb"), ("/to-told", "Bearer xoxb"), ("/to-told-elsewhere", "none")]
    {
        let authorization = Some("Bearer xoxb".to_owned().into());
        let located = Located { authorization, ..at(format!("http://public.test:{port}{path}")) };
        assert_eq!(fetch(&fetcher, &located, 1000).await, Ok(expected.into()), "{path}");
    }
}

#[tokio::test]
async fn a_login_page_is_no_file() {
    let (port, _) = server().await;
    let fetcher = fetcher();
    for path in ["/login", "/to-login"] {
        let located = Located { never_html: true, ..at(format!("http://public.test:{port}{path}")) };
        assert_eq!(fetch(&fetcher, &located, 1000).await, Err(FetchError::LoginPage), "{path}");
    }
}

#[tokio::test]
async fn no_error_names_an_address() {
    let (port, _) = server().await;
    let fetcher = fetcher();
    for host in ["inside.test", "unknown.test", "public.test"] {
        for path in ["/gone", "/babble", "/silent", "/to-inside"] {
            let url = format!("http://{host}:{port}{path}?token=s3cret");
            let error = fetch(&fetcher, &at(url), 1000).await.unwrap_err();
            let words = format!("{error} {error:?}");
            assert!(!words.contains("s3cret") && !words.contains(host), "{words}");
        }
    }
}
