# Was Relay von sich aus in einem Raum sagt. Ein Ort steht immer im Dativ: „in X“.

news-place = { $room } auf { $platform }
news-some-place = einem Raum auf { $platform }
news-in = in { $place }
news-joined = { $name } ist jetzt in { $place } dabei
news-left = { $name } ist nicht mehr in { $place }
news-goes-by = { $before } heißt jetzt { $name } in { $place }
news-renamed = Ein Raum auf { $platform } heißt jetzt { $name }
news-pinned = 📌 angeheftet in { $place }
news-unpinned = 📌 nicht mehr angeheftet in { $place }

digest-first = In der letzten Stunde:
digest-more = und { $count } weitere

late =
    Was hier gesagt wird, kommt in { $place } { $minutes ->
        [one] eine Minute
       *[other] { $minutes } Minuten
    } später an: { $why }. Nichts geht verloren, und alles kommt in seiner Reihenfolge.
late-no-more = Was hier gesagt wird, kommt in { $place } wieder pünktlich an.
late-busy = es wird mehr gesagt, als { $platform } in dieser Zeit annimmt
late-retrying = { $platform } nimmt es gerade nicht an, und es wird immer wieder versucht
late-waiting = Relay hat gerade keine Verbindung zu { $platform }
late-paused = wer Relay betreibt, hält es zurzeit an
late-paused-there = wer jenen Raum verwaltet, hat ihn pausiert
late-parked = wer Relay betreibt, muss dort etwas in Ordnung bringen

flood =
    { $count ->
        [one] Nachrichten von { $name } kommen in den anderen Räumen später an: mehr als { $most } in der Minute. Eine wartet, und keine geht verloren.
       *[other] Nachrichten von { $name } kommen in den anderen Räumen später an: mehr als { $most } in der Minute. { $count } warten, und keine geht verloren.
    }

room-joined = { $room } ({ $platform }) ist jetzt mit { $channel } verbunden: Was in einem seiner Räume gesagt wird, wird in den anderen gezeigt. Was von dir gezeigt wird, bestimmst du: { $privacy }.
room-joined-asked = { $room } ({ $platform }) ist jetzt mit { $channel } verbunden: Was jemand in einem seiner Räume sagt, wird in den anderen gezeigt, sobald er oder sie es erlaubt: { $privacy }.
room-people =
    Zwischen ihm und den anderen Räumen wird von Leuten höchstens gezeigt: { $level ->
        [full] Texte, Dateien und Reaktionen; Namen und Bilder; wer kommt und geht (full)
        [balanced] Texte, Dateien und Reaktionen; Namen; keine Bilder und nicht, wer kommt und geht (balanced)
        [minimal] Texte und Reaktionen unter anderen Namen; keine Dateien, keine Bilder und nicht, wer kommt und geht (minimal)
       *[other] { $words } ({ $level })
    }.
room-left = { $room } ({ $platform }) ist nicht mehr mit { $channel } verbunden.
room-of = { $room } in { $space }
