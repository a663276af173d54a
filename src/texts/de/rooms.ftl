# Womit die Befehle für Räume beantwortet werden.

# $right ist, wie die Plattform es auf Englisch nennt.
must-manage =
    Das darf nur, wer diesen Raum verwalten darf: auf { $on } { $platform ->
        [discord] wer darin die Berechtigung „Kanäle verwalten“ hat
        [slack] wer den Workspace administriert oder den Channel angelegt hat
        [telegram] wer die Gruppe administriert
        [irc] wer im Kanal Operator (@) ist
        [matrix] wer den Raum moderiert, also seine Einstellungen ändern darf
       *[other] { $right }
    }.
cannot-check-right = Ob du diesen Raum verwalten darfst, lässt sich gerade nicht prüfen ({ $why }). Versuch es noch einmal.
right-not-told = Die Plattform sagt gerade nicht, ob du diesen Raum verwalten darfst. Versuch es noch einmal.
too-many-tries = Das waren viele Versuche in kurzer Zeit. Warte zehn Minuten.
state-unreadable = Relay kann seinen Zustand gerade nicht lesen; warum, steht in seinem Protokoll.
platform-away = Die Plattform antwortet gerade nicht ({ $why }). Versuch es noch einmal.
room-not-told = Die Plattform sagt nichts über diesen Raum. Versuch es noch einmal.

help-first = Relay verbindet Räume auf verschiedenen Plattformen. Es gibt:
help-unknown = /relay { $verb } gibt es nicht. Es gibt:
help-status = /relay status: womit dieser Raum verbunden ist, und ob es läuft
help-connect = /relay connect CHANNEL: verbindet diesen Raum mit einem Kanal von Relay; für alle, die den Raum verwalten dürfen
help-disconnect = /relay disconnect [CHANNEL]: trennt ihn wieder
help-approve = /relay approve CODE: lässt einen Raum herein; in einem Raum derer, denen der Kanal gehört
help-pause = /relay pause [for TIME]: hält zurück, was anderswo gesagt wird, bis /relay resume; für alle, die den Raum verwalten dürfen
help-mute = /relay mute [NAME] [for TIME]: zeigt hier nichts Neues von jemandem aus anderen Räumen; /relay unmute NAME beendet es; für dieselben
help-template = /relay template [TEMPLATE]: wie Leute aus anderen Räumen hier heißen; für dieselben
help-privacy = /relay privacy: was von dir geteilt wird, und wie du es änderst
help-consent = /relay consent: dasselbe im Einzelnen: wofür, mit wem, wie lange
help-link = /relay link: beweist, dass Konten auf mehreren Plattformen dir gehören; /relay unlink trennt sie wieder
help-name = /relay name: mit welchem deiner verknüpften Namen du anderswo gezeigt wirst
help-export = /relay export: alles, was von dir aufgehoben ist
help-forget = /relay forget: lässt es löschen, hier und anderswo
# Telegram hat Befehle, aber keine Menüs an Nachrichten.
help-message-menu =
    wer auf eine Nachricht reagiert hat, was anderswo aus ihr wurde, sie überall löschen (wer sie geschrieben hat und wer den Raum verwalten darf): { $platform ->
        [telegram] antworte auf sie mit /relay who, /relay trace oder /relay delete
       *[other] im Menü der Nachricht
    }
help-message-answer = wer auf eine Nachricht reagiert hat, was anderswo aus ihr wurde, sie überall löschen (wer sie geschrieben hat und wer den Raum verwalten darf): antworte auf sie mit /relay who, /relay trace oder /relay delete
help-help = /relay help: diese Liste
offer-status = Womit ist dieser Raum verbunden?
offer-privacy = Was wird von mir geteilt?

status-not-joined = Dieser Raum ist mit keinem Kanal von Relay verbunden.
status-joined = Verbunden mit { $channel }, zusammen mit { $rooms }: { $state }.
status-alone = noch keinem anderen Raum
status-rooms =
    { $count ->
        [one] 1 { $platform }-Raum
       *[other] { $count } { $platform }-Räumen
    }
status-into-only = Was anderswo gesagt wird, wird hier nicht gezeigt.
status-out-only = Was hier gesagt wird, wird anderswo nicht gezeigt.
status-works = läuft
status-held = wartet, weil die Plattform nur eine begrenzte Menge annimmt
status-waits = wartet auf die Plattform
status-retrying = die letzte Nachricht konnte nicht zugestellt werden und wird noch einmal versucht
status-parked = angehalten: { $problem }
status-paused = pausiert, und zwar von denen, die Relay betreiben; was gesagt wird, ist für später aufgehoben
status-paused-here = pausiert; was gesagt wird, ist für später aufgehoben
status-queued =
    { $count ->
        [one] 1 wartet
       *[other] { $count } warten
    }
status-dead = { $count } aufgegeben
status-given-up = aufgegeben: { $why }
status-retry = wer Relay betreibt, sendet sie mit: relay queue retry
status-config-refused = Die Konfiguration von Relay wurde so geändert, dass sie nicht gelten kann: Alles läuft weiter wie bisher. Warum, sagt `relay status` denen, die Relay betreiben.
status-elsewhere = von dem, was hier gesagt wurde, gilt für einen { $platform }-Raum: { $what }
status-elsewhere-waits =
    { $count ->
        [one] { $least ->
            [yes] mindestens 1 wartet: { $why }
           *[no] 1 wartet: { $why }
        }
       *[other] { $least ->
            [yes] mindestens { $count } warten: { $why }
           *[no] { $count } warten: { $why }
        }
    }
status-elsewhere-dead =
    { $least ->
        [yes] mindestens { $count } aufgegeben: { $why }
       *[no] { $count } aufgegeben: { $why }
    }
status-elsewhere-more =
    { $count ->
        [one] und Ähnliches für 1 weiteren Raum
       *[other] und Ähnliches für { $count } weitere Räume
    }
trouble-expired = konnte nicht rechtzeitig zugestellt werden
trouble-target-gone = worum es ging, ist nicht mehr da
trouble-unlinked = jener Raum ist nicht mehr verbunden
trouble-dropped = wer Relay betreibt, hat es herausgenommen
trouble-unsure = vielleicht ist es trotzdem da; wer Relay betreibt, muss entscheiden
trouble-refused = { $platform } hat es nicht angenommen

# Wo Nachrichten Menüs haben, kann ein Befehl auf keine antworten.
which-message =
    Um welche Nachricht geht es? { $platform ->
        [telegram] Antworte auf sie mit /relay { $verb }.
        [irc] Antworte auf sie mit /relay { $verb }.
        [matrix] Antworte auf sie mit /relay { $verb }.
       *[other] Nimm den Eintrag von Relay in ihrem Menü.
    }
message-unknown = Relay kennt diese Nachricht nicht: Sie wurde nicht übertragen.
who-nobody = Niemand hat auf diese Nachricht reagiert.
who-more = und { $count } weitere
delete-begun = Sie wird in allen Räumen gelöscht.
delete-stays = Ihre Kopien werden gelöscht. Die Nachricht selbst bleibt in dem Raum, in dem sie geschrieben wurde: Jener Raum lässt Relay nicht moderieren (`moderates` seiner Verbindung).
delete-kept = Ihre Kopien werden gelöscht. Die Nachricht selbst bleibt, wo sie geschrieben wurde: Was Menschen dort schreiben, darf Relay nicht löschen. Wer sie geschrieben hat, kann es.

trace-unknown = Relay kennt diese Nachricht nicht: Sie wurde geschrieben, bevor der Raum verbunden war, von einem Bot, der nicht übertragen wird, oder während Relay nicht da war.
trace-unreadable = Das lässt sich gerade nicht nachsehen; warum, steht im Protokoll von Relay.
trace-written-here = Diese Nachricht wurde hier geschrieben.
trace-came-from = Diese Nachricht kam aus einem { $platform }-Raum.
trace-changed =
    Ihre letzte Änderung: { $change ->
        [edit] bearbeitet
        [delete] gelöscht
        [removal] überall gelöscht
        [late-file] eine Datei kam nach
       *[other] { $word }
    }.
trace-here = hier: { $what }
trace-there = ein { $platform }-Raum: { $what }
trace-held = Sie wartet: Wer sie geschrieben hat, sagt in kurzer Zeit mehr, als übertragen wird. Sie geht von selbst weiter, in ihrer Reihenfolge.
trace-nowhere = Sie ging in keinen anderen Raum.
trace-lost = nicht, wie sie geschrieben wurde: { $what }
trace-last-change = ihre letzte Änderung: { $what }
came-written = dort geschrieben
came-delivered = zugestellt
came-deleted = zugestellt und inzwischen gelöscht
came-muted = nicht gezeigt: Wer sie geschrieben hat, ist in jenem Raum von denen stummgeschaltet, die ihn moderieren
came-waiting = wartet, bis sie an der Reihe ist
came-retrying =
    { $attempts ->
        [one] wartet und wird noch einmal versucht; 1 Versuch ist gescheitert: { $why }
       *[other] wartet und wird noch einmal versucht; { $attempts } Versuche sind gescheitert, zuletzt: { $why }
    }
came-dead = aufgegeben: { $why }

connect-which = Mit welchem Kanal von Relay? Schreib /relay connect CHANNEL.
connect-already = Dieser Raum ist schon mit { $channel } verbunden. Wie es läuft, sagt /relay status.
connect-again = Dieser Raum ist schon mit { $channel } verbunden.
connect-private = { $room } ist privat: Mit { $channel } verbunden, wird alles, was hier gesagt wird, den Leuten in den Räumen jenes Kanals gezeigt, auf anderen Plattformen. Wenn du das willst, schreib /relay connect { $channel } yes.
connect-sure = Verbinden
connect-too-many = Zu viele Räume warten darauf, hereingelassen zu werden. Versuch es später noch einmal.
connect-code = Wer { $channel } betreibt, muss diesen Raum hereinlassen. Gib dafür diesen Code weiter; er gilt einmal und { $minutes } Minuten lang:
connect-use-in-chat = Benutzt wird er mit /relay approve { $code } in einem Raum derer, denen der Kanal gehört, oder dort, wo Relay läuft: relay approve { $code }
connect-use = Benutzt wird er dort, wo Relay läuft: relay approve { $code }
connect-also =
    Dieser Raum ist schon mit { $channels } verbunden: Was in ihm gesagt wird, geht dann an { $count ->
        [one] beide
       *[other] alle
    }.
connect-once-in = Sobald der Raum verbunden ist:
connect-unknown = Es gibt keinen Kanal { $channel }, mit dem dieser Raum verbunden werden kann. Wie er heißt, weiß, wer Relay betreibt.
connect-unknown-open = Es gibt keinen Kanal { $channel }, mit dem dieser Raum verbunden werden kann. Offen sind hier: { $open }.
connect-not-written = Relay kann nicht aufschreiben, was geschieht; wie es steht, sagt /relay status.
connect-wider = Diesen Raum können mehr Leute lesen als damals, als er mit einem anderen Kanal verbunden wurde. Dem muss erst zustimmen, wer Relay betreibt: wie, sagt relay status.
connect-done = Dieser Raum ist jetzt mit { $channel } verbunden, und allen seinen Räumen wird das gesagt.
connect-people =
    Von den Leuten hier sehen die anderen Räume, und von ihnen sieht dieser: { $level ->
        [full] Texte, Dateien und Reaktionen; Namen und Bilder; wer kommt und geht (full)
        [balanced] Texte, Dateien und Reaktionen; Namen; keine Bilder und nicht, wer kommt und geht (balanced)
        [minimal] Texte und Reaktionen unter anderen Namen; keine Dateien, keine Bilder und nicht, wer kommt und geht (minimal)
       *[other] { $words } ({ $level })
    }.

disconnect-which = Von welchem? Schreib /relay disconnect mit einem von diesen: { $channels }.
disconnect-not-joined = Dieser Raum ist nicht mit { $channel } verbunden.
disconnect-done = Dieser Raum ist nicht mehr mit { $channel } verbunden: Neues wird nicht mehr übertragen; was schon hier ist, wird weiter mit seinem Original geändert und gelöscht. /relay connect { $channel } verbindet ihn wieder.
connect-back = Wieder verbinden

approve-where = Codes gelten in einem Raum derer, denen der Kanal gehört, oder mit `relay approve` dort, wo Relay läuft.
approve-not-good = Dieser Code gilt nicht: Er ist vertippt, schon benutzt oder abgelaufen. Einen neuen gibt es mit /relay connect in dem Raum, der verbunden werden soll.
approve-how = Um ihn hereinzulassen, schreib /relay approve { $code } yes.
approve-sure = Hereinlassen
approve-wider = Den Raum können jetzt mehr Leute lesen als damals, als um den Code gebeten wurde. Bitte dort um einen neuen.
approve-done = { $room } ist jetzt mit { $channel } verbunden, und allen seinen Räumen wird das gesagt. Dort gilt:
knocks = { $room } möchte mit { $channel } verbunden werden.
knocks-platform = Plattform: { $platform }
knocks-space = Bereich: { $space }
knocks-readers = Lesen können dort: { $readers }
knocks-people = Leute: { $count }
knocks-people-unknown = Leute: unbekannt, wie viele
knocks-also =
    Er ist schon mit { $channels } verbunden: Was dort gesagt wird, geht dann an { $count ->
        [one] beide
       *[other] alle
    }.
# An die, die die Namen der anderen vielleicht nicht kennen.
knocks-also-unnamed =
    { $count ->
        [one] Er ist schon mit einem anderen Kanal verbunden: Was dort gesagt wird, geht dann an beide.
       *[other] Er ist schon mit { $count } anderen Kanälen verbunden: Was dort gesagt wird, geht dann an alle.
    }
knocks-asker = Gefragt hat: { $asker }
knocks-asker-unnamed = Gefragt hat: jemand mit dem Recht, den Raum zu verwalten
readers-private = wer eingeladen wurde
readers-space = alle in seinem Bereich
readers-world = alle

carries-otherwise = Hier auf andere Weise gezeigt: { $what }.
carries-not-shown = Hier nicht gezeigt: { $what }.
carries-heard-otherwise = Von hier auf andere Weise übertragen: { $what }.
carries-not-heard = Von hier nicht übertragen, weil die Plattform nichts davon sagt: { $what }.
carries-rest = Alles andere wird übertragen, in beide Richtungen.
carries-split-bytes = Nachrichten, die länger als { $most } Bytes sind, werden geteilt.
carries-split-characters = Nachrichten, die länger als { $most } Zeichen sind, werden geteilt.
carries-no-pings = Was von anderswo kommt, benachrichtigt niemanden eigens.
# Wie es in der Tabelle der Funktionen heißt; ohne Leerzeichen.
feature =
    { $feature ->
        [text] Text
        [edit] Bearbeiten
        [edit-of-files] Ändern von Dateien
        [delete] Löschen
        [moderation] Moderieren
        [reply] Antworten
        [thread] Thread
        [topic] Thema
        [reaction] Reaktion
        [file] Datei
        [album] Album
        [sticker] Sticker
        [voice-message] Sprachnachricht
        [video-note] Videonachricht
        [poll] Umfrage
        [poll-result] Ergebnis einer Umfrage
        [mention] Erwähnung
        [custom-emoji] eigenes Emoji
        [heading] Überschrift
        [list] Liste
        [quote] Zitat
        [code] Code
        [underline] Unterstreichung
        [spoiler] Spoiler
        [time] Zeitangabe
        [card] Karte
        [forward] Weiterleitung
        [link-preview] Linkvorschau
        [pin] Anheften
        [typing] Tippen
        [join-and-leave] Kommen und Gehen
        [room-name] Name des Raums
        [name-and-picture] Name und Bild
       *[other] { $word }
    }
feature-otherwise =
    { $feature ->
        [text] als einfacher Text
        [edit] in einer neuen Nachricht gesagt
        [edit-of-files] im Text gesagt
        [delete] in einer Zeile gesagt
        [moderation] in einer Zeile gesagt
        [reply] in einer Zeile darüber zitiert, mit Link
        [thread] als Antworten auf die Nachricht, an der er hängt
        [topic] mit seinem Namen vor dem Text
        [reaction] in einer Zeile unter der Nachricht gezählt oder in einer gesagt
        [file] genannt, mit Link, wo es einen gibt
        [album] eine Nachricht nach der anderen
        [sticker] als Bild oder genannt
        [voice-message] als Tondatei oder genannt
        [video-note] als Film oder genannt
        [poll] Frage und Antworten als Text
        [poll-result] als Text
        [mention] der Name, der niemanden benachrichtigt
        [custom-emoji] sein :name: oder das Emoji, für das es steht
        [heading] eine fette Zeile
        [list] Zeilen mit •, 1. und Einrückung
        [quote] Zeilen, die mit > beginnen
        [code] als einfacher Text
        [underline] als einfacher Text
        [spoiler] verdeckt: ▒▒▒▒ (Spoiler)
        [time] Datum und Uhrzeit in UTC
        [card] ein Zitat mit Titel, Text und Feldern
        [forward] zitiert, mit dem Namen
        [link-preview] wie die Plattform es hält
        [pin] in einer Zeile gesagt
        [typing] in einer Zeile gesagt
        [join-and-leave] in einer Zeile gesagt
        [room-name] in einer Zeile gesagt
        [name-and-picture] der Name vor dem Text
       *[other] { $word }
    }
