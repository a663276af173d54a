# Was einmal gesagt wird: einem Menschen mit seiner ersten Antwort, den Räumen eines Kanals, wenn sie verbunden werden.

told-carried = Was in diesem Raum gesagt wird, wird { $whom ->
    [rooms] auch in Räumen anderswo gezeigt
    [programs] Programmen gezeigt, die wer Relay betreibt zulässt
   *[both] auch in Räumen anderswo gezeigt, und Programmen, die wer Relay betreibt zulässt
 }. Was von dir gezeigt wird, entscheidest du: /relay privacy
told-asked = Was in diesem Raum gesagt wird, wird { $whom ->
    [rooms] auch in Räumen anderswo gezeigt
    [programs] Programmen gezeigt, die wer Relay betreibt zulässt
   *[both] auch in Räumen anderswo gezeigt, und Programmen, die wer Relay betreibt zulässt
 }; von dem, was du sagst, nichts, bis du es erlaubst: /relay privacy
told-rooms-carried = {$rooms} Räume auf {$platforms} sind durch Relay verbunden, auch dieser: Was in einem gesagt wird, wird in den anderen gezeigt. Jeder entscheidet selbst, was von ihm gezeigt wird: {$privacy}.
told-rooms-asked = {$rooms} Räume auf {$platforms} sind durch Relay verbunden, auch dieser: Was jemand in einem sagt, wird in den anderen gezeigt, sobald er oder sie es erlaubt: {$privacy}.
told-rooms-loosened = {$rooms} Räume auf {$platforms} sind durch Relay verbunden, auch dieser. Ab jetzt wird, was in einem gesagt wird, in den anderen gezeigt, ohne dass es vorher erlaubt werden muss. Jeder entscheidet selbst, was von ihm gezeigt wird: {$privacy}.
told-rooms-tightened = {$rooms} Räume auf {$platforms} sind durch Relay verbunden, auch dieser. Ab jetzt wird, was jemand in einem sagt, in den anderen erst gezeigt, wenn er oder sie es erlaubt: {$privacy}.
told-programs-too = Auch Programme, die wer Relay betreibt zulässt, sehen es.
told-programs-carried = Was in diesem Raum gesagt wird, wird Programmen gezeigt, die wer Relay betreibt zulässt. Jeder entscheidet selbst, was von ihm gezeigt wird: {$privacy}.
told-programs-asked = Was jemand in diesem Raum sagt, wird Programmen gezeigt, die wer Relay betreibt zulässt, sobald er oder sie es erlaubt: {$privacy}.
told-programs-loosened = Ab jetzt wird, was in diesem Raum gesagt wird, Programmen gezeigt, die wer Relay betreibt zulässt, ohne dass es vorher erlaubt werden muss. Jeder entscheidet selbst, was von ihm gezeigt wird: {$privacy}.
told-programs-tightened = Ab jetzt wird, was jemand in diesem Raum sagt, Programmen, die wer Relay betreibt zulässt, erst gezeigt, wenn er oder sie es erlaubt: {$privacy}.
# Etwa "/relay privacy, oder !relay privacy auf IRC und Matrix".
told-command-on = {$first}, oder {$command} auf {$platforms}
told-platforms = {$others} und {$last}
