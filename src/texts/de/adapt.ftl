# Was Relay in Nachrichten setzt und neben sie schreibt, wo ein Raum nicht zeigen kann, was anderswo geschehen ist.

someone = jemand
no-text = (eine Nachricht ohne Text)
forward-not-shown = (was weitergeleitet wurde, wird nicht gezeigt)
file-not-shown = (eine Datei, die hier nicht gezeigt wird)
an-earlier-message = eine frühere Nachricht
a-message = eine Nachricht
a-thread = Thread
forwarded = ⤳ Weitergeleitet
forwarded-from = ⤳ Weitergeleitet von {$whose}
forwarded-from-in = ⤳ Weitergeleitet von {$author} in {$room}
poll-asks = {$name} fragt:
poll-ended = 📊 {$question} ist beendet {$at}:
reactions-more = und {$count} weitere
reacted = {$name} hat mit {$emoji} auf {$message} reagiert
quoted = „{$words}“
files-removed = ✎ ohne {$names}
deleted-one = 🗑 gelöscht: was {$name} um {$first} UTC gesagt hat
deleted-of-one =
    { $when ->
        [at] 🗑 gelöscht: {$count} Nachrichten, die {$name} um {$first} UTC geschrieben hat
       *[from] 🗑 gelöscht: {$count} Nachrichten, die {$name} von {$first} bis {$last} UTC geschrieben hat
    }
deleted-of-many =
    { $when ->
        [at] 🗑 gelöscht: {$count} Nachrichten, die {$people} Leute um {$first} UTC geschrieben haben
       *[from] 🗑 gelöscht: {$count} Nachrichten, die {$people} Leute von {$first} bis {$last} UTC geschrieben haben
    }

# Hinter dem Namen einer Datei: warum sie nicht da ist.

file-follows = folgt
file-spoiler = ein Spoiler, den {$platform} nicht verbergen kann
file-larger = größer, als {$platform} hier annimmt ({$most})
file-refused = wurde dort nicht angenommen: {$why}
