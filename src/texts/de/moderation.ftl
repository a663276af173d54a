# Was die ändern, die einen Raum verwalten: Pausen, Stummschaltungen, wie Leute von anderswo heißen.

moderation-not-joined = Dieser Raum ist mit keinem Relay-Kanal verbunden.
moderation-span-unread = Wie lange ist das? Schreib es so: 2 hours oder 3 days.
moderation-span-bounds = Es geht für mindestens eine Minute und höchstens 30 Tage. Ohne Zeit gilt es, bis du es beendest.

# In den Raum selbst; von wem, unschädlich gemacht.
pause-notice = { $by } hat pausiert, was von anderswo in diesen Raum kommt. Es wird aufgehoben und kommt in seiner Reihenfolge, sobald jemand, der diesen Raum verwaltet, /relay resume gibt.
pause-notice-until = { $by } hat bis { $until } pausiert, was von anderswo in diesen Raum kommt. Es wird aufgehoben und kommt danach in seiner Reihenfolge.
pause-done = Pausiert: Was anderswo gesagt wird, wird aufgehoben und hier nicht gezeigt, bis du /relay resume gibst; dann kommt es in seiner Reihenfolge. Was hier gesagt wird, geht weiter wie bisher.
pause-done-until = Pausiert bis { $until }: Was anderswo gesagt wird, wird aufgehoben und kommt dann in seiner Reihenfolge, oder sobald du /relay resume gibst. Was hier gesagt wird, geht weiter wie bisher.
pause-held-too = Auch wer Relay betreibt, hat diesen Raum pausiert: Es geht weiter, wenn beides beendet ist.
pause-offer-resume = Fortsetzen
pause-status = Pausiert von denen, die diesen Raum verwalten, bis /relay resume. { $count ->
        [0] Nichts wartet.
        [one] { $count } Zustellung wartet und kommt dann.
       *[other] { $count } Zustellungen warten und kommen dann in ihrer Reihenfolge.
    }
pause-status-until = Pausiert von denen, die diesen Raum verwalten, bis { $until } oder bis /relay resume. { $count ->
        [0] Nichts wartet.
        [one] { $count } Zustellung wartet und kommt dann.
       *[other] { $count } Zustellungen warten und kommen dann in ihrer Reihenfolge.
    }
resume-notice = { $by } hat die Pause beendet: Was anderswo gesagt wird, kommt wieder in diesen Raum, und davor in seiner Reihenfolge, was aufgehoben wurde.
resume-notice-still-held = { $by } hat die Pause beendet. Aber auch wer Relay betreibt, hat diesen Raum pausiert: Was aufgehoben wurde, kommt, sobald es dort weitergeht.
resume-done = In diesem Raum geht es weiter: Was aufgehoben wurde, kommt jetzt in seiner Reihenfolge.
resume-still-held = Deine Pause ist beendet. Aber auch wer Relay betreibt, hat diesen Raum pausiert: Was aufgehoben wurde, kommt, sobald es dort weitergeht.
resume-held-by-operator = Wer Relay betreibt, hat diesen Raum pausiert oder das ganze Konto, das ihn erreicht. Nur dort lässt sich das beenden: relay queue resume.
resume-not-paused = Dieser Raum ist nicht pausiert.

moderation-unread = Relay kann gerade nicht lesen, was es gespeichert hat; sein Protokoll sagt, warum.

# Namen stehen da, wie der Raum sie zeigt, mit ihrer Plattform.
mute-done = { $name } ist in diesem Raum stummgeschaltet: Neues von dort wird hier nicht gezeigt, bis /relay unmute. Die Person erfährt es nicht, und andere Räume zeigen sie wie bisher. Was schon hier steht, bleibt.
mute-done-until = { $name } ist in diesem Raum bis { $until } stummgeschaltet: Neues von dort wird hier nicht gezeigt. Die Person erfährt es nicht, und andere Räume zeigen sie wie bisher. Was schon hier steht, bleibt.
# Wo Nachrichten Menüs haben, kann ein Befehl auf keine antworten.
mute-delete = { $platform ->
        [telegram] Um es zu löschen, antworte darauf mit /relay delete.
        [irc] Um es zu löschen, antworte darauf mit /relay delete.
        [matrix] Um es zu löschen, antworte darauf mit /relay delete.
       *[other] Um es zu löschen, nimm den Eintrag von Relay in seinem Menü.
    }
mute-offer-unmute = { $name } wieder zeigen
mute-whom = Wen? Schreib den Namen, wie er hier gezeigt wird, zum Beispiel /relay mute Ada for 1 hour, oder wähl es bei einer Nachricht der Person.
mute-from-here = Diese Nachricht kommt nicht von anderswo: Wer in diesem Raum schreibt, wird mit den Mitteln der eigenen Plattform stummgeschaltet.
mute-unknown = Niemand von anderswo mit dem Namen { $name } hat hier in den letzten 30 Tagen etwas gesagt. Schreib den Namen, wie er hier gezeigt wird.
mute-which = { $count ->
        [one] { $count } Person heißt hier so. Wer ist gemeint?
       *[other] { $count } Personen heißen hier so. Wer ist gemeint?
    }
mute-nobody = In diesem Raum ist niemand stummgeschaltet.
mute-how = /relay mute NAME schaltet jemanden von anderswo stumm, /relay mute NAME for 1 hour für eine Zeit, /relay unmute NAME beendet es.
mute-list = { $count ->
        [one] { $count } Person ist in diesem Raum stummgeschaltet:
       *[other] { $count } Personen sind in diesem Raum stummgeschaltet:
    }
mute-line = • { $name }
mute-line-until = • { $name }, bis { $until }
mute-somebody = Jemand
mute-somebody-since = Jemand #{ $mark }, stummgeschaltet am { $since }
mute-more = { $count ->
        [one] • und { $count } weitere
       *[other] • und { $count } weitere
    }
unmute-done = { $name } wird in diesem Raum wieder gezeigt. Was inzwischen gesagt wurde, kommt nicht nach.
unmute-unknown = In diesem Raum ist niemand mit dem Namen { $name } stummgeschaltet.

# Wie Leute von anderswo heißen.
template-now = Die Vorlage dieses Raums ist { $template }: Wer auf { $platform } Ada heißt, wird als { $example } gezeigt.
template-now-none = Dieser Raum hat keine Vorlage: Wer auf { $platform } Ada heißt, wird als { $example } gezeigt.
template-how = /relay template mit einem Text ändert sie: {"{"}name{"}"} steht für den Namen und {"{"}platform{"}"} für die Plattform. Die Plattform folgt immer in ‹ › auf den Namen. /relay template default nimmt es zurück.
template-long = Eine Vorlage ist eine Zeile mit höchstens { $most } Zeichen.
template-nameless = Diese Vorlage sagt nicht, wer jemand ist. Setz {"{"}name{"}"} dahin, wo der Name stehen soll.
template-unknown = { $near ->
        [none] {"{"}{ $word }{"}"} steht in einer Vorlage für nichts. Es gibt {"{"}name{"}"} und {"{"}platform{"}"}.
       *[other] {"{"}{ $word }{"}"} steht in einer Vorlage für nichts. Meinst du {"{"}{ $near }{"}"}?
    }
template-set = Von jetzt an heißen Leute von anderswo hier so: { $example }
template-default = Von jetzt an heißen Leute von anderswo hier so, wie wer Relay betreibt es eingestellt hat: { $example }
