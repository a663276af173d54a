# Was auf den Knöpfen unter Antworten steht.

button-join = Mit { $channel } verbinden
button-full = Alles (full)
button-balanced = Ohne mein Bild (balanced)
button-anonymous = Unter anderem Namen (anonymous)
button-minimal = Auch ohne Dateien (minimal)
button-none = Nichts (none)
button-forget = Alles von mir löschen
