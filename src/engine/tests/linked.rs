//! Which rooms a connector is told to be rooms of their own.

use super::*;

#[test]
fn a_room_that_is_only_asked_about_is_not_linked() {
    block_on(async {
        let stage = Stage::set();
        let told = || stage.puppet.linked.lock().unwrap().iter().map(ToString::to_string).collect::<Vec<_>>();
        stage.until("the rooms are told", || told() == ["here", "there"]).await;
        let core = stage.engine.core();
        let account = core.accounts.get(&Account("puppet".into())).unwrap();
        let asked = [NativeId::from("thread")];
        let report = stage.puppet.preflight(&asked).await.unwrap().rooms.remove(0).1.unwrap();
        core.join(&account, report).await.unwrap();
        assert_eq!(told(), ["here", "there"]);
        let link = |channels: &mut crate::engine::links::Channels, goes: bool| {
            let links = &mut channels.get_mut("lobby").unwrap().links;
            match goes {
                true => links.retain(|link| link.at.room.as_str() != "thread"),
                false => links.push(PlannedLink {
                    at: PlannedRoom { account: account.name.clone(), room: "thread".into(), by_name: false },
                    ..links[0].clone()
                }),
            }
        };
        core.change_channels(|channels| link(channels, false));
        assert_eq!(told(), ["here", "there", "thread"]);
        core.change_channels(|channels| link(channels, true));
        assert_eq!(told(), ["here", "there"]);
        stage.engine.stop().await;
    });
}
