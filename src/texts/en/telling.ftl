# What is told once: to a person with their first answer, to the rooms of a channel when they are linked.

told-carried = What is said in this room is shown { $whom ->
    [rooms] in rooms elsewhere, too
    [programs] to programs that whoever runs Relay lets in
   *[both] in rooms elsewhere, too, and to programs that whoever runs Relay lets in
 }. What is shown of you is yours to decide: /relay privacy
told-asked = What is said in this room is shown { $whom ->
    [rooms] in rooms elsewhere, too
    [programs] to programs that whoever runs Relay lets in
   *[both] in rooms elsewhere, too, and to programs that whoever runs Relay lets in
 }; of what you say nothing is, until you allow it: /relay privacy
told-rooms-carried = {$rooms} rooms on {$platforms} are joined by Relay, this one among them: what is said in one is shown in the others. Everybody decides what is shown of them: {$privacy}.
told-rooms-asked = {$rooms} rooms on {$platforms} are joined by Relay, this one among them: what somebody says in one is shown in the others once they allow it: {$privacy}.
told-rooms-loosened = {$rooms} rooms on {$platforms} are joined by Relay, this one among them. From now on what is said in one is shown in the others without being allowed first. Everybody decides what is shown of them: {$privacy}.
told-rooms-tightened = {$rooms} rooms on {$platforms} are joined by Relay, this one among them. From now on what somebody says in one is shown in the others only once they allow it: {$privacy}.
told-programs-too = Programs that whoever runs Relay lets in see it, too.
told-programs-carried = What is said in this room is shown to programs that whoever runs Relay lets in. Everybody decides what is shown of them: {$privacy}.
told-programs-asked = What somebody says in this room is shown to programs that whoever runs Relay lets in, once they allow it: {$privacy}.
told-programs-loosened = From now on what is said in this room is shown to programs that whoever runs Relay lets in, without being allowed first. Everybody decides what is shown of them: {$privacy}.
told-programs-tightened = From now on what somebody says in this room is shown to programs that whoever runs Relay lets in only once they allow it: {$privacy}.
# Such as "/relay privacy, or !relay privacy on IRC and Matrix".
told-command-on = {$first}, or {$command} on {$platforms}
told-platforms = {$others} and {$last}
