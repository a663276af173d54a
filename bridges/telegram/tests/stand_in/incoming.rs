//! What people do, on its way in.

use crate::rig::{Rig, line};
use relay_contract::text::{Leaf, Run};
use relay_contract::{Event, Standing, Style, Text};
use stand_ins::faults::Kind;

/// C6, C9.
#[tokio::test]
async fn what_people_do_comes_up() {
    let rig = Rig::start().await;
    let mut heard = rig.listen(None);
    let id = rig.say("Hana", "**hi** @ivo", None);
    let reply = rig.say("Ivo", "`yes`", Some(&id));
    rig.edit("Hana", &id, "hello");
    let post = heard.envelope().await;
    let Event::Posted(message) = &post.event else { panic!("{post:?}") };
    let author = post.author.clone().unwrap();
    assert_eq!((author.name.as_str(), author.standing), ("Hana", Standing::Person));
    assert_eq!((post.origin.clone(), message.at.id.as_str()), (rig.room.clone(), id.as_str()));
    let ivo = relay_contract::Mention::Person { id: None, name: "ivo".into() };
    let expected = vec![
        Run::new(Leaf::Plain("hi".into())).styled(Style::Bold),
        Run::new(Leaf::Plain(" ".into())),
        Run::new(Leaf::Mention(ivo)),
    ];
    assert_eq!(message.body, Text::from_runs(expected));
    let answer = heard.envelope().await;
    let Event::Posted(message) = &answer.event else { panic!("{answer:?}") };
    assert_eq!(message.at.id.as_str(), reply);
    let answered = message.reply.clone().unwrap();
    assert_eq!(
        (answered.target.as_str(), answered.author.as_deref(), answered.excerpt.as_deref()),
        (id.as_str(), Some("Hana"), Some("hi @ivo"))
    );
    let edit = heard.envelope().await;
    let Event::Edited { to, version } = &edit.event else { panic!("{edit:?}") };
    assert_eq!((to.at.id.as_str(), to.body.clone()), (id.as_str(), line("hello")));
    assert!(!version.is_empty());
}

#[tokio::test]
async fn a_file_comes_up_with_its_caption() {
    let rig = Rig::start().await;
    let mut heard = rig.listen(None);
    rig.say_with_files("Hana", "look", &["map.pdf"]);
    let post = heard.envelope().await;
    let Event::Posted(message) = &post.event else { panic!("{post:?}") };
    assert_eq!((message.body.clone(), message.attachments[0].name.as_str()), (line("look"), "map.pdf"));
}

/// C10: Telegram tells a bot nothing of what it does itself, so that there is no echo; were there one, it would be known.
#[tokio::test]
async fn own_messages_do_not_come_back() {
    let rig = Rig::start().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    rig.post(line("from elsewhere"), None).await.unwrap();
    rig.say("Hana", "after", None);
    let Event::Posted(message) = heard.envelope().await.event else { panic!() };
    assert_eq!(message.body, line("after"));
}

/// A repeated update is handed up: the engine knows it by its key.
#[tokio::test]
async fn a_repeated_update_has_the_same_key() {
    let rig = Rig::start().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    rig.fault(Kind::Duplicate, "message", 1.0);
    rig.say("Hana", "twice", None);
    let (one, two) = (heard.envelope().await, heard.envelope().await);
    assert_eq!(one.key(), two.key());
}
