# What those who manage a room change in it: pauses, mutes, how people of elsewhere are named.

moderation-not-joined = This room is not joined to any Relay channel.
moderation-span-unread = How long is that? Write it like 2 hours or 3 days.
moderation-span-bounds = It can be for at least a minute and at most 30 days. Without a time it is until you end it.

# Into the room itself; by whom, made harmless.
pause-notice = { $by } has paused what comes from elsewhere into this room. It is kept, and comes in its order when somebody who manages this room gives /relay resume.
pause-notice-until = { $by } has paused what comes from elsewhere into this room until { $until }. It is kept, and comes in its order then.
pause-done = Paused: what is said elsewhere is kept and not shown here until you give /relay resume; then it comes in its order. What is said here is carried as before.
pause-done-until = Paused until { $until }: what is said elsewhere is kept, and comes in its order then, or when you give /relay resume. What is said here is carried as before.
pause-held-too = Whoever runs Relay holds this room as well: it goes on when both have ended.
pause-offer-resume = Resume
pause-status = Paused by those who manage this room, until /relay resume. { $count ->
        [0] Nothing waits.
        [one] { $count } delivery waits, and comes then.
       *[other] { $count } deliveries wait, and come then in their order.
    }
pause-status-until = Paused by those who manage this room until { $until }, or until /relay resume. { $count ->
        [0] Nothing waits.
        [one] { $count } delivery waits, and comes then.
       *[other] { $count } deliveries wait, and come then in their order.
    }
resume-notice = { $by } has ended the pause: what is said elsewhere comes into this room again, and what was kept before it, in its order.
resume-notice-still-held = { $by } has ended the pause. Whoever runs Relay holds this room as well: what was kept comes when they let it go on.
resume-done = This room goes on: what was kept comes now, in its order.
resume-still-held = Your pause has ended. Whoever runs Relay holds this room as well: what was kept comes when they let it go on.
resume-held-by-operator = Whoever runs Relay holds this room, or all of the account that reaches it. Only they can let it go on: relay queue resume.
resume-not-paused = This room is not paused.

moderation-unread = Relay cannot read its state now; its log says why.

# Names are as the room shows them, with their platform.
mute-done = { $name } is muted in this room: nothing new of theirs is shown here until /relay unmute. They are not told, and other rooms show them as before. What is here already stays.
mute-done-until = { $name } is muted in this room until { $until }: nothing new of theirs is shown here. They are not told, and other rooms show them as before. What is here already stays.
# Where messages have menus, a command cannot answer one.
mute-delete = { $platform ->
        [telegram] To delete it, answer it with /relay delete.
        [irc] To delete it, answer it with /relay delete.
        [matrix] To delete it, answer it with /relay delete.
       *[other] To delete it, use Relay's entry in its own menu.
    }
mute-offer-unmute = Unmute { $name }
mute-whom = Whom? Write the name as it is shown here, such as /relay mute Ada for 1 hour, or choose it about a message of theirs.
mute-from-here = This message is not from elsewhere: whoever writes in this room is muted by the means of its own platform.
mute-unknown = Nobody from elsewhere who goes by { $name } has said anything here within 30 days. Write the name as it is shown here.
mute-which = { $count ->
        [one] { $count } person goes by that name here. Who is meant?
       *[other] { $count } people go by that name here. Who is meant?
    }
mute-nobody = Nobody is muted in this room.
mute-how = /relay mute NAME mutes somebody from elsewhere, /relay mute NAME for 1 hour for a time, /relay unmute NAME ends it.
mute-list = { $count ->
        [one] { $count } person is muted in this room:
       *[other] { $count } people are muted in this room:
    }
mute-line = • { $name }
mute-line-until = • { $name }, until { $until }
mute-somebody = Somebody
mute-somebody-since = Somebody #{ $mark }, muted on { $since }
mute-more = { $count ->
        [one] • and { $count } more
       *[other] • and { $count } more
    }
unmute-done = { $name } is shown in this room again. What they said meanwhile does not come.
unmute-unknown = Nobody who goes by { $name } is muted in this room.

# How people from elsewhere are called.
template-now = The template of this room is { $template }: somebody called Ada on { $platform } is shown as { $example }.
template-now-none = This room has no template: somebody called Ada on { $platform } is shown as { $example }.
template-how = /relay template with a text changes it: {"{"}name{"}"} stands for what somebody is called and {"{"}platform{"}"} for where they write. Where somebody writes always follows the name in ‹ ›. /relay template default takes it back.
template-long = A template is one line of at most { $most } characters.
template-nameless = This template says nothing of who somebody is. Put {"{"}name{"}"} where the name is to stand.
template-unknown = { $near ->
        [none] {"{"}{ $word }{"}"} stands for nothing in a template. There are {"{"}name{"}"} and {"{"}platform{"}"}.
       *[other] {"{"}{ $word }{"}"} stands for nothing in a template. Did you mean {"{"}{ $near }{"}"}?
    }
template-set = From now on people from elsewhere are called here like this: { $example }
template-default = From now on people from elsewhere are called here as whoever runs Relay has set it: { $example }
