# What stands on buttons below answers.

button-join = Join { $channel }
button-full = Everything (full)
button-balanced = Without my picture (balanced)
button-anonymous = Under another name (anonymous)
button-minimal = Without files, too (minimal)
button-none = Nothing (none)
button-forget = Delete everything of mine
