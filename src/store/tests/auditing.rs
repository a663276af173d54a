//! The lines of the audit beside what they tell of.

use super::super::audit::{Wanted, export_unused};
use super::*;
use crate::audit::{Checked, Checker, Fault, Grant, Left, What};
use crate::consent::{DataClass, Person, Stance};

fn person() -> Person {
    Person::from_stored("slack/T1/U-canary".into())
}

fn left(what: What) -> Left {
    Left {
        what,
        origin: room("here"),
        who: Some(person()),
        grants: vec![(DataClass::Content, Grant::Notice)],
        did: vec!["in 2 parts".into()],
        body: None,
    }
}

fn check(text: &str) -> Result<Checked, Fault> {
    let mut checker = Checker::default();
    text.lines().for_each(|line| checker.line(line.as_bytes()));
    checker.end()
}

fn export(ledger: &Ledger, wanted: Wanted) -> String {
    let mut out = Vec::new();
    ledger.export_audit(&wanted, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

async fn complete(ledger: &Ledger, id: EnvelopeId, to: &str) {
    let done = ledger.complete_soon(room(to), id, id, None, vec![], None, None, Some(left(What::Left)));
    done.await.unwrap().await.unwrap().unwrap();
}

#[tokio::test]
async fn each_line_hangs_on_the_one_before_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert_eq!(check(&export(&ledger, Wanted::default())).unwrap().lines(), 0);
    let id = accept_new(&ledger, posted("1")).await;
    fan_out(&ledger, id, &["there", "yonder"]).await;
    complete(&ledger, id, "there").await;
    let letter = DeadLetter { reason: "r".into(), at: 1, row: row(None) };
    ledger.bury_audited(room("yonder"), id, letter, Some(left(What::Perhaps))).await.unwrap();
    let entries = Stance::Anonymous.entries("/relay privacy anonymous in slack/T1/C1", Timestamp(5));
    let asked = Erased { asked: 5, ..Erased::default() };
    ledger.say_forget(person(), entries, asked.clone()).await.unwrap();
    let done = Erased { done: Some(6), events: 3, left: vec!["why".into()], ..asked };
    ledger.remember_erased(person(), done).await.unwrap();
    close(ledger, writer).await;
    let mut whole = Vec::new();
    export_unused(dir.path(), &Wanted::default(), &mut whole).unwrap();
    let whole = String::from_utf8(whole).unwrap();
    assert_eq!(check(&whole).unwrap().lines(), 6, "{whole}");
    let told: Vec<serde_json::Value> =
        whole.lines().skip(1).take(6).map(|line| serde_json::from_str(line).unwrap()).collect();
    let whats: Vec<_> = told.iter().map(|line| line["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["left", "perhaps", "consent", "consent", "forget", "forget"]);
    assert_eq!(told[0]["room"], room("there").to_string());
    assert_eq!(told[0]["envelope"], id.to_string());
    assert_eq!((&told[3]["entry"], &told[3]["allows"]), (&1.into(), &false.into()));
    assert_eq!((&told[5]["stage"], &told[5]["events"]), (&"done".into(), &3.into()));
    assert!(told.iter().all(|line| line["who"] == told[0]["who"]), "{whole}");
    // The room that something was said in may be called like who said it.
    assert_eq!(told[2]["how"], "/relay privacy anonymous in slack", "{whole}");
    assert!(!whole.contains("canary"), "{whole}");

    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let id = accept_new(&ledger, posted("2")).await;
    fan_out(&ledger, id, &["there"]).await;
    complete(&ledger, id, "there").await;
    let longer = export(&ledger, Wanted::default());
    assert_eq!(check(&longer).unwrap().lines(), 7);
    assert!(longer.starts_with(whole.rsplit_once("{\"ends\"").unwrap().0), "what was there is as it was");
    assert_eq!(
        ledger.audit_keys().who(&person()),
        told[0]["who"].as_str().unwrap(),
        "the secret is the same"
    );
    // Nothing is written where nobody wants it.
    ledger.set_audit(false);
    ledger.say_consent(person(), Stance::Full.entries("", Timestamp(7)), false).await.unwrap();
    assert_eq!(export(&ledger, Wanted::default()), longer);
    close(ledger, writer).await;
}

#[tokio::test]
async fn old_lines_go_from_the_front_and_the_rest_can_be_checked() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    for number in 0..5 {
        let id = accept_new(&ledger, posted(&number.to_string())).await;
        fan_out(&ledger, id, &["there"]).await;
        complete(&ledger, id, "there").await;
    }
    let before = check(&export(&ledger, Wanted::default())).unwrap();
    let hour = 3_600_000;
    let now = Timestamp::now().0;
    assert_eq!(ledger.old_audit(Timestamp(now - hour)).unwrap(), None, "nothing is as old as that");
    let upto = ledger.old_audit(Timestamp(now + hour)).unwrap().unwrap();
    ledger.prune_audit(upto).await.unwrap();
    assert_eq!(ledger.old_audit(Timestamp(now + hour)).unwrap(), None, "the last one stays");
    let left = check(&export(&ledger, Wanted::default())).unwrap();
    assert_eq!((left.from, left.head.clone()), (5, before.head));
    close(ledger, writer).await;
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    assert_eq!(check(&export(&ledger, Wanted::default())).unwrap(), left);
    ledger.say_consent(person(), Stance::Full.entries("", Timestamp(7)), false).await.unwrap();
    assert_eq!(check(&export(&ledger, Wanted::default())).unwrap().head.n, 6);
    let lines = |wanted| export(&ledger, wanted).lines().count() - 2;
    let all = Wanted::default();
    assert_eq!(lines(Wanted { last: Some(1), ..all.clone() }), 1);
    assert_eq!(lines(Wanted { room: Some("there".into()), ..all.clone() }), 1);
    assert_eq!(lines(Wanted { room: Some("nowhere".into()), last: Some(9), ..all.clone() }), 0);
    assert_eq!(lines(Wanted { who: Some("nobody".into()), ..all.clone() }), 0);
    assert_eq!(lines(Wanted { since: Some(now - hour), last: Some(9), ..all.clone() }), 2);
    assert_eq!(lines(Wanted { since: Some(now + hour), last: Some(9), ..all }), 0);
    close(ledger, writer).await;
}
