# What the commands of rooms are answered with.

# $right is what the platform calls it.
must-manage =
    Only somebody who may manage this room can do that: on { $on }, { $platform ->
       *[other] { $right }
    }.
cannot-check-right = It cannot be checked whether you may manage this room ({ $why }). Try again.
right-not-told = The platform does not say whether you may manage this room. Try again.
too-many-tries = Those were many tries in a short time. Wait ten minutes.
state-unreadable = Relay cannot read its state now; its log says why.
platform-away = The platform does not answer now ({ $why }). Try again.
room-not-told = The platform does not tell of this room. Try again.

help-first = Relay joins rooms on different platforms. There is:
help-unknown = There is no /relay { $verb }. There is:
help-status = /relay status: how this room is joined, and whether it works
help-connect = /relay connect CHANNEL: join this room to a Relay channel; for those who may manage the room
help-disconnect = /relay disconnect [CHANNEL]: leave it again
help-approve = /relay approve CODE: let a room in; in a room of a channel's owners
help-pause = /relay pause [for TIME]: keep back what is said elsewhere, until /relay resume; for those who may manage the room
help-mute = /relay mute [NAME] [for TIME]: show nothing new of somebody from elsewhere here; /relay unmute NAME ends it; for the same
help-template = /relay template [TEMPLATE]: how people from elsewhere are called here; for the same
help-privacy = /relay privacy: what is shared of you, and how to change it
help-consent = /relay consent: the same in particular: for what, to whom, for how long
help-link = /relay link: prove that accounts on several platforms are yours; /relay unlink parts them
help-name = /relay name: by which of your linked names you are shown elsewhere
help-export = /relay export: all that is kept of you
help-forget = /relay forget: have it deleted, here and elsewhere
# Telegram has commands, and no menus of messages.
help-message-menu =
    who reacted to a message, what became of it elsewhere, delete it everywhere (its author, and those who may manage the room): { $platform ->
        [telegram] answer it with /relay who, /relay trace or /relay delete
       *[other] in the message's own menu
    }
help-message-answer = who reacted to a message, what became of it elsewhere, delete it everywhere (its author, and those who may manage the room): answer it with /relay who, /relay trace or /relay delete
help-help = /relay help: this
offer-status = How is this room joined?
offer-privacy = What is shared of me?

status-not-joined = This room is not joined to any Relay channel.
status-joined = Joined to { $channel }, with { $rooms }: { $state }.
status-alone = no other room yet
status-rooms =
    { $count ->
        [one] 1 { $platform } room
       *[other] { $count } { $platform } rooms
    }
status-into-only = What is said elsewhere is not shown here.
status-out-only = What is said here is not shown elsewhere.
status-works = works
status-held = held by a rate limit
status-waits = waits for its platform
status-retrying = the last message could not be delivered; it is tried again
status-parked = parked: { $problem }
status-paused = paused by whoever runs Relay; what is said is kept for later
status-paused-here = paused; what is said is kept for later
status-queued = { $count } waiting
status-dead = { $count } given up
status-given-up = given up: { $why }
status-retry = whoever runs Relay sends them with: relay queue retry
status-config-refused = Relay's config was changed in a way that cannot be taken: all goes on as before. `relay status` tells whoever runs it why.
status-elsewhere = of what was said here, for a { $platform } room, { $what }
status-elsewhere-waits =
    { $least ->
        [yes] at least { $count } wait: { $why }
       *[no] { $count } wait: { $why }
    }
status-elsewhere-dead =
    { $least ->
        [yes] at least { $count } given up: { $why }
       *[no] { $count } given up: { $why }
    }
status-elsewhere-more =
    { $count ->
        [one] and the like for 1 more room
       *[other] and the like for { $count } more rooms
    }
trouble-expired = it could not be delivered in time
trouble-target-gone = what it was about is not there any more
trouble-unlinked = that room has left
trouble-dropped = whoever runs Relay has taken it out
trouble-unsure = it may be there all the same; whoever runs Relay is to decide
trouble-refused = { $platform } did not take it

# Where messages have menus, a command cannot answer one.
which-message =
    About which message? { $platform ->
        [telegram] Answer it with /relay { $verb }.
        [irc] Answer it with /relay { $verb }.
        [matrix] Answer it with /relay { $verb }.
       *[other] Use Relay's entry in that message's own menu.
    }
message-unknown = Relay does not know this message: it was not carried.
who-nobody = Nobody has reacted to this message.
who-more = and { $count } more
delete-begun = It is being deleted in every room.
delete-stays = Its copies are being deleted. The message itself stays in the room where it was written: that room does not let Relay moderate (`moderates` of its link).
delete-kept = Its copies are being deleted. The message itself stays where it was written: what people write there Relay may not delete. Whoever wrote it can.

trace-unknown = Relay does not know this message: it was written before the room was linked, by a bot that is not carried, or while Relay was away.
trace-unreadable = It cannot be looked up now; Relay's log says why.
trace-written-here = This message was written here.
trace-came-from = This message came from a { $platform } room.
trace-changed =
    Its last change: { $change ->
       *[other] { $word }
    }.
trace-here = here: { $what }
trace-there = a { $platform } room: { $what }
trace-held = It waits: its author says more in a short time than is carried. It goes on by itself, in its order.
trace-nowhere = It has gone to no other room.
trace-lost = not as it was written: { $what }
trace-last-change = its last change: { $what }
came-written = written there
came-delivered = delivered
came-deleted = delivered, and deleted since
came-muted = not shown: its author is muted in that room by its moderators
came-waiting = waits for its turn
came-retrying = waits and is tried again, { $attempts } failed attempt(s), the last: { $why }
came-dead = given up: { $why }

connect-which = Which Relay channel? Write /relay connect CHANNEL.
connect-already = This room is joined to { $channel } already. /relay status tells how it is.
connect-again = This room is joined to { $channel } already.
connect-private = { $room } is private: if it is joined to { $channel }, everything that is said here is shown to the people in the rooms of that channel, on other platforms. If you want that, write /relay connect { $channel } yes.
connect-sure = Join it
connect-too-many = Too many rooms wait to be let in. Try again later.
connect-code = Who runs { $channel } has to let this room in. Give them this code; it is good once, for { $minutes } minutes:
connect-use-in-chat = They use it with /relay approve { $code } in a room of its owners, or where Relay runs: relay approve { $code }
connect-use = They use it where Relay runs: relay approve { $code }
connect-also =
    This room is joined to { $channels } already: what is said in it then goes to { $count ->
        [one] both
       *[other] all of them
    }.
connect-once-in = Once it is in:
connect-unknown = There is no channel { $channel } that this room can be joined to. Whoever runs Relay knows its name.
connect-unknown-open = There is no channel { $channel } that this room can be joined to. Open here: { $open }.
connect-not-written = Relay cannot write its ledger; /relay status tells what is so.
connect-wider = More people can read this room than when it was joined to another channel. Whoever runs Relay has to agree to that first: relay status tells how.
connect-done = This room is joined to { $channel }, and every room of it is told.
connect-people =
    Of its people other rooms see, and it sees of theirs: { $level ->
       *[other] { $words } ({ $level })
    }.

disconnect-which = From which? Write /relay disconnect with one of: { $channels }.
disconnect-not-joined = This room is not joined to { $channel }.
disconnect-done = This room has left { $channel }: nothing new is carried between them; what is here is still changed and deleted with its original. /relay connect { $channel } joins it again.
connect-back = Join it again

approve-where = Codes are approved in an owners' room, or with `relay approve` where Relay runs.
approve-not-good = This code is not good: it was mistyped or used, or its time is over. Codes are asked for with /relay connect in the room that is to join.
approve-how = To let it in, write /relay approve { $code } yes.
approve-sure = Let it in
approve-wider = More people can read the room now than when its code was asked for. Ask for a new one there.
approve-done = { $room } has joined { $channel }, and every room of it is told. In it:
knocks = { $room } wants to join { $channel }.
knocks-platform = Platform: { $platform }
knocks-space = Space: { $space }
knocks-readers = Readable by: { $readers }
knocks-people = People: { $count }
knocks-people-unknown = People: an unknown number of
knocks-also =
    It is joined to { $channels } already: what is said there then goes to { $count ->
        [one] both
       *[other] all of them
    }.
# To whoever may not know the names of the others.
knocks-also-unnamed =
    { $count ->
        [one] It is joined to another channel already: what is said there then goes to both.
       *[other] It is joined to { $count } other channels already: what is said there then goes to all of them.
    }
knocks-asker = Asked by: { $asker }
knocks-asker-unnamed = Asked by: somebody who may manage the room
readers-private = those who were invited
readers-space = everybody in its space
readers-world = anybody

carries-otherwise = Shown here by other means: { $what }.
carries-not-shown = Not shown here: { $what }.
carries-heard-otherwise = Carried from here by other means: { $what }.
carries-not-heard = Not carried from here, because the platform does not tell: { $what }.
carries-rest = Everything else carries over, both ways.
carries-split-bytes = Messages longer than { $most } bytes are split.
carries-split-characters = Messages longer than { $most } characters are split.
carries-no-pings = Nobody is pinged by what comes from elsewhere.
# What the table of features calls it.
feature =
    { $feature ->
       *[other] { $word }
    }
feature-otherwise =
    { $feature ->
       *[other] { $word }
    }
