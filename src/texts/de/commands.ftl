# Womit jeder Befehl beantwortet werden kann.

went-wrong = In Relay ist etwas schiefgegangen; was, steht in seinem Protokoll.
took-too-long = Das hat länger als eine Minute gedauert. /relay status sagt, wie dieser Raum jetzt verbunden ist.
not-written = Relay kann sein Zustandsverzeichnis nicht beschreiben, deshalb wurde nichts geändert; sein Protokoll sagt, warum.
changed-by-hand = Relay bewahrt in einer Datei auf, was der Chat ändert, und seit sie gelesen wurde, hat sie jemand von Hand geändert. Deshalb wurde nichts geändert. Wer Relay betreibt, lässt sie mit relay reload lesen.
