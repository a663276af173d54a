# What Relay puts into messages, and says beside them, where a room cannot show what was done elsewhere.

someone = someone
no-text = (a message without text)
forward-not-shown = (what was passed on is not shown)
file-not-shown = (a file that is not shown here)
an-earlier-message = an earlier message
a-message = a message
a-thread = Thread
forwarded = ⤳ Forwarded
forwarded-from = ⤳ Forwarded from {$whose}
forwarded-from-in = ⤳ Forwarded from {$author} in {$room}
poll-asks = {$name} asks:
poll-ended = 📊 {$question} has ended {$at}:
reactions-more = and {$count} more
reacted = {$name} reacted with {$emoji} to {$message}
quoted = “{$words}”
files-removed = ✎ without {$names}
deleted-one = 🗑 deleted: what {$name} said at {$first} UTC
deleted-of-one =
    { $when ->
        [at] 🗑 deleted: {$count} messages that {$name} said at {$first} UTC
       *[from] 🗑 deleted: {$count} messages that {$name} said from {$first} UTC to {$last} UTC
    }
deleted-of-many =
    { $when ->
        [at] 🗑 deleted: {$count} messages that {$people} people said at {$first} UTC
       *[from] 🗑 deleted: {$count} messages that {$people} people said from {$first} UTC to {$last} UTC
    }

# Behind a file's name: why it is not there.

file-follows = follows
file-spoiler = a spoiler, which {$platform} cannot hide
file-larger = larger than {$platform} takes here ({$most})
file-refused = was not taken there: {$why}
