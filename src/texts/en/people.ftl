# What people are told of what becomes of what they say: /relay privacy, consent, link, forget, export.

# /relay privacy

privacy-unknown = There is no /relay privacy {$word}.
privacy-too-often = You have chosen many times in the last hour. Wait an hour; to allow less is always possible.
privacy-not-written = Relay cannot write down what you choose; its log says why. Nothing has changed.
privacy-stays-with-picture = What was carried before stays with the picture that it has. Whoever wants it gone says /relay privacy none first.
privacy-taken-back = What was carried before and does not fit is being deleted in the other rooms; a platform that deletes nothing keeps it, and people may have read it. /relay privacy tells when that is done.
privacy-unproven-stays = What was carried before stays: Relay knows you by a nick alone, which anybody may take. Log in to an account there, or ask whoever runs Relay.
privacy-chosen = You have chosen {$stance} on {$date} at {$time} UTC: {$words}.
privacy-chosen-word = You have chosen {$stance} on {$date} at {$time} UTC.
privacy-in-particular = You have said something in particular: /relay consent tells it.
privacy-unsaid-carried = You have chosen nothing, so what you say here is carried, with your name and picture.
privacy-unsaid = You have chosen nothing.
privacy-unsaid-elsewhere = You have chosen nothing. What is shown of you from a joined room, /relay privacy tells there; what you choose here holds there too.
privacy-unsaid-asked = You have chosen nothing, so nothing of yours is carried from here.
privacy-now = Of what you do here others see now: {$lines}.
privacy-now-on = on {$platforms} {$what}
# Where others there see something else.
privacy-on-space = {$platform} ({$space})
shown-texts = your texts
shown-files = your files
shown-reactions = your reactions
shown-name = your name
shown-other-name = another name in place of yours
shown-picture = your picture
shown-presence = when you come, go or type
shown-nothing = nothing
privacy-taking-back = What was carried before is still being collected for deletion.
privacy-waits = Of what was carried before, this still waits to be deleted: {$lines}.
privacy-waits-much = So much waits for other rooms that Relay does not look through all of it for what is yours.
privacy-done = Of what was carried before, nothing waits to be deleted any more.
privacy-given-up = This could not be deleted, and stays: {$lines}.
privacy-count =
    { $count ->
        [one] one thing on {$platform}
       *[other] {$count} things on {$platform}
    }
privacy-count-programs =
    { $count ->
        [one] one thing that programs were given
       *[other] {$count} things that programs were given
    }
privacy-nowhere = What is said here is not carried anywhere.
privacy-recipients = What is said here is shown elsewhere so that people there can take part: {$rooms}.
privacy-recipient-programs = programs that whoever runs Relay lets in
privacy-recipient-rooms =
    { $count ->
        [one] a room on {$platform}
       *[other] {$count} rooms on {$platform}
    }
privacy-levels = Of everybody here no more is shown than this, unless they grant more with /relay consent: {$lines}.
privacy-level-minimal = on {$platforms} texts and reactions under other names; no files, no pictures, no comings and goings (minimal)
privacy-level-balanced = on {$platforms} texts, files and reactions; names; no pictures, no comings and goings (balanced)
privacy-programs = programs
privacy-choices =
    You may choose, for all rooms:
    • /relay privacy full: your name, your picture and what you say
    • /relay privacy balanced: what you say and your name, without your picture, and not when you come, go or type
    • /relay privacy anonymous: what you say under another name, without a picture
    • /relay privacy minimal: the same without files
    • /relay privacy none: nothing
    What was carried before and does not fit your choice is deleted in the other rooms where their platforms let Relay do so.

# What is chosen, and what it comes to

chosen-now = From now on: {$words}.
chosen-already = That holds already: {$words}.
chosen-now-word = From now on {$stance} holds.
chosen-already-word = {$stance} holds already.
chosen-for-all = What that forbids, it forbids for all your linked accounts.
chosen-less-elsewhere = With another of your linked accounts you allow less, and that stays.
stance-full = what you say is carried with your name and picture
stance-balanced = what you say is carried with your name, without your picture, and not when you come, go or type
stance-anonymous = what you say is carried as another name, without your picture; what your words and files themselves tell of you stays in them
stance-anonymous-as = what you say is carried as {$names}, without your picture; what your words and files themselves tell of you stays in them
stance-minimal = what you say is carried as another name, without your picture and without files; what your words themselves tell of you stays in them
stance-minimal-as = what you say is carried as {$names}, without your picture and without files; what your words themselves tell of you stays in them
stance-none = nothing of yours is carried: no message, reaction, name or picture
stance-name-in = {$name} in {$channel}

# What cannot be

not-proven = That is not done here: Relay knows you by a nick alone, which anybody may take. Log in to an account there, or ask whoever runs Relay.
not-readable = Relay cannot read what it keeps now; its log says why.

# /relay forget

forget-means = /relay forget yes has everything of yours deleted: in the other rooms what was carried, as far as their platforms let Relay delete, and in Relay all that it keeps of you; links that /relay export gave end. From then on nothing of yours is carried. It cannot be taken back. What you wrote here stays here: that is between you and this platform.
forget-means-linked = It goes for all accounts that are linked to this one (/relay unlink takes this one out first).
forget-not-written = Relay cannot write that down; its log says why. Nothing has changed.
forget-begun = From now on nothing of yours is carried. What was carried is being deleted in the other rooms, and then Relay forgets what it keeps of you.
forget-begun-linked = All of that goes for your linked accounts, too, and they are linked no more.
forget-tells = /relay forget tells how far it is, and what could not be undone.
forgetting = You asked on {$date} at {$time} UTC to be forgotten. That is under way: what was carried is deleted in the other rooms first. One that Relay cannot reach is waited for; whoever runs Relay sees in `relay queue` which that is.
forgotten =
    { $count ->
        [one] Forgotten on {$date} at {$time} UTC: {$count} thing that you said and did.
       *[other] Forgotten on {$date} at {$time} UTC: {$count} things that you said and did.
    }
forgotten-left = What could not be undone:
forgotten-left-refused = {$count} × a message on {$platform}, which did not let Relay delete it
forgotten-left-no-deletes = {$count} × a message on {$platform}, which deletes nothing
forgotten-left-unreached = {$count} × a message on {$platform}, in a room that Relay does not reach any more
forgotten-left-programs = {$count} × a message that programs were given, and that Relay cannot take back there
forgotten-left-thread = {$count} × a thread on {$platform} that was opened for what you said, which keeps its name
forgotten-left-digest = up to {$count} × that you came or went, told on {$platform} together with others
forgotten-left-unread = {$count} × a message on {$platform} that Relay cannot read any more, for its keys are lost: it may be yours
forgotten-rest = Copies that people have made are not in Relay's hands. Relay has destroyed the key to what you said: backups from before cannot be read for it any more once the copies of the keys from before are gone too. Attachments are not encrypted: a backup from before that holds them (`relay backup --media`) keeps them. Ask whoever runs Relay. The audit keeps that something of yours has crossed and when, without words and names.

# /relay export

export-ask-whoever-runs = Relay cannot give you a file here that nobody else can take. Ask whoever runs Relay for it: they write it with `relay export {$person} --out FILE`.
export-write-alone = You asked where others are, and the file is not for them. Write /relay export to Relay in a chat with its bot alone: there you get a link.
export-busy = Relay writes such a file for somebody else just now. Ask again in a minute.
export-too-large = It is too much to give it here. Ask whoever runs Relay: `relay export` writes it.
export-not-kept = Relay cannot keep the file now; its log says why.
exported =
    What Relay keeps of you, { $events ->
        [one] {$events} thing
       *[other] {$events} things
    } that you said and did and { $choices ->
        [one] {$choices} choice
       *[other] {$choices} choices
    }: {$link}
exported-linked = It has what you said and did with all your linked accounts.
exported-link = Of files it has the names alone; they are where you posted them. Whoever has the link can read it; it ends by itself, on {$date} at {$time} UTC at the latest.

# /relay consent

consent-nothing = You have said nothing about it.
consent-said = What you said, newest first{ $more ->
    [0] {""}
   *[other] {" "}({$more} older ones are in /relay export)
 }; of two about the same thing the newer one holds:
consent-how =
    /relay consent grant or revoke PURPOSE, and where you want it: what, to whom, for how long. Such as:
    • /relay consent revoke bridging to telegram
    • /relay consent revoke bridging to PLATFORM:SPACE for 1 day (one guild, workspace, network or chat alone)
    • /relay consent revoke bridging attachments,presence
    • /relay consent grant archive content for 30 days
    Purposes: bridging, archive, moderation, ai, analytics, personalisation, marketing. What: content, attachments, identity, presence, reactions, derived, picture. /relay privacy says the most usual things in one word.
consent-since = {$line} (since {$date} {$time} UTC, with {$how})
consent-whom = To whom: {$platforms}; service:NAME, plugin:NAME.
consent-whom-spaces = Or one space alone, of those where what is said here is shown: {$spaces}.
consent-whom-programs = relay are programs that whoever runs Relay lets in.
consent-whom-webhooks = webhook are programs that Relay calls.
consent-taken-back-for-good = What was carried before and does not fit is being deleted in the other rooms, for good: it does not come back when the time is over. A platform that deletes nothing keeps it, and people may have read it. /relay privacy tells when that is done.
consent-too-often = You have chosen many times in the last hour. Wait an hour; to revoke is always possible.
consent-unused = Relay does nothing for that today; your word is kept for when it does.
consent-nobody = Relay has no such service or plugin today; your word is kept for when it has.
consent-how-long = How long is that? Write it like 30 days.
consent-neither = `{$word}` is neither grant nor revoke.
consent-no-purpose = There is no purpose `{$word}`.
consent-no-class = There is no such thing as `{$word}`.
consent-no-recipient = Relay does not know `{$whom}`. It knows {$platforms}, and service:NAME and plugin:NAME.
consent-no-space = Relay does not know `{$whom}` among the spaces where what is said here is shown. There are: {$spaces}.
consent-no-spaces = What is said here is shown in no space that could be meant by that. Write it in the joined room from which you are shown there.
consent-space-shared = Several spaces are called like that. By their ids they are: {$ids}.
consent-space-unclear = Two spaces may be meant by that. Put the name in quotes.
consent-line =
    { $allows ->
        [yes] {$purpose}: {$what} to {$whom} allowed
       *[no] {$purpose}: {$what} to {$whom} not allowed
    }
consent-line-ended =
    { $allows ->
        [yes] {$purpose}: {$what} to {$whom} allowed, which has ended
       *[no] {$purpose}: {$what} to {$whom} not allowed, which has ended
    }
consent-line-until =
    { $allows ->
        [yes] {$purpose}: {$what} to {$whom} allowed until {$date} {$time} UTC
       *[no] {$purpose}: {$what} to {$whom} not allowed until {$date} {$time} UTC
    }
consent-everything = everything
consent-everybody = everybody
consent-space = a space on {$platform}
consent-space-named = {$name} on {$platform}
consent-programs = programs ({$platform})
consent-service = the service {$name}
consent-plugin = the plugin {$name}

# /relay link and unlink

link-elsewhere = Others could read the code here. Write /relay link where Relay answers you alone, on Discord, Slack or IRC or in Telegram's chat with the bot alone, and bring the code here: /relay link CODE.
link-too-many-codes = Too many codes wait to be used. Try again later.
link-code =
    With your account on another platform, write there, in a room that is joined:

    /relay link {$code}

    The code is good once, for {$minutes} minutes. Give it to nobody: whoever brings it is taken for you.
link-means = Linked accounts are one person to Relay: what you forbid with one (/relay privacy, /relay consent) is forbidden for all, /relay forget forgets all, and where somebody mentions you, people elsewhere read the name that you have there: who reads both rooms can gather from it who you are. No right goes from one platform to another by it. By which of your names you are shown elsewhere, /relay name tells.
linked-with = Linked with this account: {$accounts}. /relay unlink takes this one out.
link-account = {$name} on {$platform}
link-not-good = This code is not good: it was mistyped or used, or its time is over. /relay link, where Relay answers you alone, gives another.
link-same-account = That code was for your account on another platform. Ask for a new one and write it there.
link-being-forgotten = One of the two is still being forgotten. Link them once /relay forget says that it is done.
link-already = These two are linked already.
link-taken = This account is linked to others already, and can be one person's only. /relay unlink parts it from them; or write /relay link here, where Relay answers you alone, and bring the code to the other account.
link-too-many-accounts = So many accounts are linked already: {$most} are the most.
linked = This account and {$other} are linked.
linked-other = This code is good. This account and the one that it was given to are one person's to Relay now: what you forbid with one is forbidden for both, and who has one may read what is kept of both (/relay export) and have it forgotten (/relay forget). What else comes of it is told where the code was given.
linked-not-yours = If you did not get this code for yourself, write /relay unlink.
linked-tighter = They had not chosen alike: what one of them did not allow, the other does not any more, and what was carried with more than that is taken back in the other rooms, as if it had been chosen with /relay privacy.
linked-there = This account and {$other} are linked: your code was used there.
linked-not-you = If that was not you, write /relay unlink.
unlinked-nothing = This account is linked to no other.
unlinked = This account is linked to no other any more. What you have chosen goes on holding for each of them: /relay privacy tells it.
unlinked-all = None of your accounts is linked to another any more. What you have chosen goes on holding for each of them: /relay privacy tells it.

# /relay name

name-is-own = You are shown elsewhere by the name of the account that speaks.
name-is-there = You are shown elsewhere by the name of the account that you have in the network of whoever reads it, and by that of the account that speaks where you have none.
name-is-of = You are shown elsewhere by the name of {$account}.
name-how = /relay name PLATFORM has you shown by the name of your linked account on that platform, /relay name there in each network by that of your account there, /relay name own by that of the account that speaks.
name-means = It holds for all your linked accounts, from now on. Where that account may not be named, the account that speaks is; where you go by another name or by none, that stays. Your picture stays that of the account that speaks. Whoever reads the name of an account beside what another one says learns that both are one person's.
name-not-linked = This account is linked to no other, so it is shown by its own name. /relay link, where Relay answers you alone, shows that another account is yours, too.
name-none-there = You have no linked account there. Say one of these: {$choices}.
name-noted = Noted, as far as your accounts are linked. What holds now is told where Relay answers you alone: /relay name.
name-elsewhere = You asked where others could read which accounts are yours. Write /relay name where Relay answers you alone. /relay name PLATFORM, there or own can be said where others are, too.
