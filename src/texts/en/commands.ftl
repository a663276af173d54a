# What any command may be answered with.

went-wrong = Something went wrong in Relay; its log says what.
took-too-long = It took longer than a minute. /relay status tells how this room is joined now.
not-written = Relay cannot write its state directory, so nothing was changed; its log says why.
changed-by-hand = Relay keeps what the chat changes in a file, and somebody has changed that file by hand since it was read. So nothing was changed. Whoever runs Relay has it read with relay reload.
