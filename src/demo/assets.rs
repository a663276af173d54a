//! The page, inside the binary.

use super::server::Shown;
use axum::Router;
use axum::http::header;
use axum::routing::get;
use std::sync::Arc;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Path, type, text.
const FILES: &[(&str, &str, &str)] = &[
    ("/", HTML, include_str!("page/index.html")),
    ("/icon.svg", SVG, include_str!("page/icon.svg")),
    ("/page.css", CSS, include_str!("page/page.css")),
    ("/rooms.css", CSS, include_str!("page/rooms.css")),
    ("/content.css", CSS, include_str!("page/content.css")),
    ("/rehearsal.css", CSS, include_str!("page/rehearsal.css")),
    ("/page.js", SCRIPT, include_str!("page/page.js")),
    ("/server.js", SCRIPT, include_str!("page/server.js")),
    ("/elements.js", SCRIPT, include_str!("page/elements.js")),
    ("/pane.js", SCRIPT, include_str!("page/pane.js")),
    ("/room.js", SCRIPT, include_str!("page/room.js")),
    ("/message.js", SCRIPT, include_str!("page/message.js")),
    ("/doing.js", SCRIPT, include_str!("page/doing.js")),
    ("/views.js", SCRIPT, include_str!("page/views.js")),
    ("/media.js", SCRIPT, include_str!("page/media.js")),
    ("/reactions.js", SCRIPT, include_str!("page/reactions.js")),
    ("/cards.js", SCRIPT, include_str!("page/cards.js")),
    ("/poll.js", SCRIPT, include_str!("page/poll.js")),
    ("/attach.js", SCRIPT, include_str!("page/attach.js")),
    ("/pictures.js", SCRIPT, include_str!("page/pictures.js")),
    ("/menu.js", SCRIPT, include_str!("page/menu.js")),
    ("/typing.js", SCRIPT, include_str!("page/typing.js")),
    ("/walk.js", SCRIPT, include_str!("page/walk.js")),
    ("/extras.js", SCRIPT, include_str!("page/extras.js")),
    ("/together.js", SCRIPT, include_str!("page/together.js")),
    ("/answer.js", SCRIPT, include_str!("page/answer.js")),
    ("/buttons.js", SCRIPT, include_str!("page/buttons.js")),
    ("/composer.js", SCRIPT, include_str!("page/composer.js")),
    ("/commands.js", SCRIPT, include_str!("page/commands.js")),
    ("/channel.js", SCRIPT, include_str!("page/channel.js")),
    ("/outages.js", SCRIPT, include_str!("page/outages.js")),
    ("/journeys.js", SCRIPT, include_str!("page/journeys.js")),
    ("/tries.js", SCRIPT, include_str!("page/tries.js")),
    ("/rehearsal.js", SCRIPT, include_str!("page/rehearsal.js")),
    ("/staged.js", SCRIPT, include_str!("page/staged.js")),
    ("/samples.js", SCRIPT, include_str!("page/samples.js")),
    ("/joining.js", SCRIPT, include_str!("page/joining.js")),
    ("/markup/markdown.js", SCRIPT, include_str!("page/markup/markdown.js")),
    ("/markup/slack.js", SCRIPT, include_str!("page/markup/slack.js")),
    ("/markup/telegram.js", SCRIPT, include_str!("page/markup/telegram.js")),
];

/// A route for each file.
pub fn router() -> Router<Arc<Shown>> {
    FILES.iter().fold(Router::new(), |router, &(path, kind, text)| {
        router.route(path, get(move || async move { ([(header::CONTENT_TYPE, kind)], text) }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_page_asks_for_is_there_once() {
        let _ = router();
        let mut asked = 0;
        for (path, _, text) in FILES {
            for mark in ["from \"", "href=\"/", "src=\"/"] {
                for name in text.split(mark).skip(1).filter_map(|rest| rest.split('"').next()) {
                    let end = name.rsplit('/').next();
                    assert!(
                        FILES.iter().any(|(known, ..)| known.rsplit('/').next() == end),
                        "{path}: {name}"
                    );
                    asked += 1;
                }
            }
        }
        assert!(asked > FILES.len(), "only {asked} found");
    }
}
