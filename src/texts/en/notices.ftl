# What Relay tells a room by itself. A place is a part of other lines: "reaches X", "has joined X".

news-place = { $room } on { $platform }
news-some-place = a room on { $platform }
news-in = in { $place }
news-joined = { $name } has joined { $place }
news-left = { $name } has left { $place }
news-goes-by = { $before } goes by { $name } now in { $place }
news-renamed = A room on { $platform } is called { $name } now
news-pinned = 📌 pinned in { $place }
news-unpinned = 📌 unpinned in { $place }

digest-first = In the last hour:
digest-more = and { $count } more

late = What is said here reaches { $place } { $minutes } minutes late: { $why }. Nothing is lost, and it arrives in order.
late-no-more = What is said here reaches { $place } in time again.
late-busy = more is said than { $platform } takes in that time
late-retrying = { $platform } does not take it now, and it is tried again and again
late-waiting = Relay has no connection to { $platform } now
late-paused = whoever runs Relay holds it for now
late-paused-there = those who manage that room have paused it
late-parked = somebody who runs Relay has to mend something there

flood = Messages of { $name } arrive later in the other rooms: more than { $most } a minute. { $count } wait, and none is lost.

room-joined = { $room } ({ $platform }) has joined { $channel }: what is said in one of its rooms is shown in the others. Everybody decides what is shown of them: { $privacy }.
room-joined-asked = { $room } ({ $platform }) has joined { $channel }: what somebody says in one of its rooms is shown in the others once they allow it: { $privacy }.
room-people =
    Between it and the others no more is shown of people than: { $level ->
       *[other] { $words } ({ $level })
    }.
room-left = { $room } ({ $platform }) has left { $channel }.
room-of = { $room } of { $space }
