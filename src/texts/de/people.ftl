# Was Menschen über das erfahren, was mit ihren Worten geschieht: /relay privacy, consent, link, forget, export.

# /relay privacy

privacy-unknown = /relay privacy {$word} gibt es nicht.
privacy-too-often = Du hast in der letzten Stunde sehr oft gewählt. Warte eine Stunde; weniger zu erlauben geht immer.
privacy-not-written = Relay kann nicht aufschreiben, was du wählst; sein Protokoll sagt, warum. Es hat sich nichts geändert.
privacy-stays-with-picture = Was schon übertragen wurde, behält sein Bild. Wer es weghaben will, sagt zuerst /relay privacy none.
privacy-taken-back = Was schon übertragen wurde und nicht dazu passt, wird gerade in den anderen Räumen gelöscht; eine Plattform, die nichts löscht, behält es, und vielleicht hat es schon jemand gelesen. /relay privacy sagt dir, wann das erledigt ist.
privacy-unproven-stays = Was schon übertragen wurde, bleibt: Relay kennt dich nur an einem Nick, den jeder nehmen kann. Melde dich dort mit einem Konto an oder frag, wer Relay betreibt.
privacy-chosen = Du hast am {$date} um {$time} UTC {$stance} gewählt: {$words}.
privacy-chosen-word = Du hast am {$date} um {$time} UTC {$stance} gewählt.
privacy-in-particular = Du hast im Einzelnen etwas festgelegt: /relay consent zeigt es.
privacy-unsaid-carried = Du hast nichts gewählt; was du hier sagst, wird also übertragen, mit deinem Namen und Bild.
privacy-unsaid = Du hast nichts gewählt.
privacy-unsaid-elsewhere = Du hast nichts gewählt. Was aus einem verbundenen Raum von dir gezeigt wird, sagt dir dort /relay privacy; was du hier wählst, gilt auch dort.
privacy-unsaid-asked = Du hast nichts gewählt; von dir wird also nichts von hier übertragen.
privacy-now = Von dem, was du hier tust, sehen andere jetzt: {$lines}.
privacy-now-on = auf {$platforms} {$what}
# Wo andere dort etwas anderes sehen.
privacy-on-space = {$platform} ({$space})
shown-texts = deine Texte
shown-files = deine Dateien
shown-reactions = deine Reaktionen
shown-name = deinen Namen
shown-other-name = einen anderen Namen statt deines eigenen
shown-picture = dein Bild
shown-presence = wann du kommst, gehst oder tippst
shown-nothing = nichts
privacy-taking-back = Was schon übertragen wurde, wird noch zum Löschen zusammengesucht.
privacy-waits = Von dem, was schon übertragen wurde, wartet das noch darauf, gelöscht zu werden: {$lines}.
privacy-waits-much = Für andere Räume wartet so viel, dass Relay nicht alles danach durchsieht, was davon deins ist.
privacy-done = Von dem, was schon übertragen wurde, wartet nichts mehr darauf, gelöscht zu werden.
privacy-given-up = Das ließ sich nicht löschen und bleibt: {$lines}.
privacy-count =
    { $count ->
        [one] eine Sache auf {$platform}
       *[other] {$count} Sachen auf {$platform}
    }
privacy-count-programs =
    { $count ->
        [one] eine Sache, die Programme bekommen haben
       *[other] {$count} Sachen, die Programme bekommen haben
    }
privacy-nowhere = Was hier gesagt wird, wird nirgendwohin übertragen.
privacy-recipients = Was hier gesagt wird, wird anderswo gezeigt, damit die Leute dort mitreden können: {$rooms}.
privacy-recipient-programs = Programme, die wer Relay betreibt zulässt
privacy-recipient-rooms =
    { $count ->
        [one] ein Raum auf {$platform}
       *[other] {$count} Räume auf {$platform}
    }
privacy-levels = Von allen hier wird nicht mehr gezeigt als das, außer sie erlauben mit /relay consent mehr: {$lines}.
privacy-level-minimal = auf {$platforms} Texte und Reaktionen unter anderen Namen; keine Dateien, keine Bilder, kein Kommen und Gehen (minimal)
privacy-level-balanced = auf {$platforms} Texte, Dateien und Reaktionen; Namen; keine Bilder, kein Kommen und Gehen (balanced)
privacy-programs = Programmen
privacy-choices =
    Du kannst wählen, für alle Räume:
    • /relay privacy full: dein Name, dein Bild und was du sagst
    • /relay privacy balanced: was du sagst und dein Name, ohne dein Bild, und nicht, wann du kommst, gehst oder tippst
    • /relay privacy anonymous: was du sagst, unter einem anderen Namen, ohne Bild
    • /relay privacy minimal: dasselbe ohne Dateien
    • /relay privacy none: nichts
    Was schon übertragen wurde und nicht zu deiner Wahl passt, wird in den anderen Räumen gelöscht, wo die Plattform Relay das erlaubt.

# Was gewählt ist und was daraus folgt

chosen-now = Ab jetzt gilt: {$words}.
chosen-already = Das gilt schon: {$words}.
chosen-now-word = Ab jetzt gilt {$stance}.
chosen-already-word = {$stance} gilt schon.
chosen-for-all = Was das verbietet, verbietet es für alle deine verknüpften Konten.
chosen-less-elsewhere = Mit einem anderen deiner verknüpften Konten erlaubst du weniger, und dabei bleibt es.
stance-full = was du sagst, wird mit deinem Namen und Bild übertragen
stance-balanced = was du sagst, wird mit deinem Namen übertragen, ohne dein Bild, und nicht, wann du kommst, gehst oder tippst
stance-anonymous = was du sagst, wird unter einem anderen Namen übertragen, ohne dein Bild; was deine Worte und Dateien selbst über dich verraten, bleibt darin
stance-anonymous-as = was du sagst, wird als {$names} übertragen, ohne dein Bild; was deine Worte und Dateien selbst über dich verraten, bleibt darin
stance-minimal = was du sagst, wird unter einem anderen Namen übertragen, ohne dein Bild und ohne Dateien; was deine Worte selbst über dich verraten, bleibt darin
stance-minimal-as = was du sagst, wird als {$names} übertragen, ohne dein Bild und ohne Dateien; was deine Worte selbst über dich verraten, bleibt darin
stance-none = nichts von dir wird übertragen: keine Nachricht, keine Reaktion, kein Name, kein Bild
stance-name-in = {$name} in {$channel}

# Was nicht geht

not-proven = Das geht hier nicht: Relay kennt dich nur an einem Nick, den jeder nehmen kann. Melde dich dort mit einem Konto an oder frag, wer Relay betreibt.
not-readable = Relay kann gerade nicht lesen, was es aufbewahrt; sein Protokoll sagt, warum.

# /relay forget

forget-means = /relay forget yes löscht alles von dir: in den anderen Räumen, was übertragen wurde, soweit die Plattformen Relay löschen lassen, und in Relay alles, was es von dir aufbewahrt; Links von /relay export enden. Von da an wird nichts mehr von dir übertragen. Das lässt sich nicht rückgängig machen. Was du hier geschrieben hast, bleibt hier: Das ist eine Sache zwischen dir und dieser Plattform.
forget-means-linked = Es gilt für alle Konten, die mit diesem verknüpft sind (/relay unlink nimmt dieses vorher heraus).
forget-not-written = Relay kann das nicht aufschreiben; sein Protokoll sagt, warum. Es hat sich nichts geändert.
forget-begun = Ab jetzt wird nichts mehr von dir übertragen. Was übertragen wurde, wird in den anderen Räumen gelöscht; danach vergisst Relay, was es von dir aufbewahrt.
forget-begun-linked = All das gilt auch für deine verknüpften Konten, und sie sind nicht mehr verknüpft.
forget-tells = /relay forget sagt dir, wie weit es ist und was sich nicht rückgängig machen ließ.
forgetting = Du wolltest am {$date} um {$time} UTC vergessen werden. Das läuft gerade: Zuerst wird in den anderen Räumen gelöscht, was übertragen wurde. Auf einen Raum, den Relay nicht erreicht, wird gewartet; wer Relay betreibt, sieht mit `relay queue`, welcher das ist.
forgotten =
    { $count ->
        [one] Vergessen am {$date} um {$time} UTC: {$count} Sache, die du gesagt oder getan hast.
       *[other] Vergessen am {$date} um {$time} UTC: {$count} Sachen, die du gesagt oder getan hast.
    }
forgotten-left = Was sich nicht rückgängig machen ließ:
forgotten-left-refused = {$count} × eine Nachricht auf {$platform}, die Relay dort nicht löschen durfte
forgotten-left-no-deletes = {$count} × eine Nachricht auf {$platform}, wo nichts gelöscht wird
forgotten-left-unreached = {$count} × eine Nachricht auf {$platform}, in einem Raum, den Relay nicht mehr erreicht
forgotten-left-programs = {$count} × eine Nachricht, die Programme bekommen haben und die Relay dort nicht zurücknehmen kann
forgotten-left-thread = {$count} × ein Thread auf {$platform}, der für deine Worte geöffnet wurde und seinen Namen behält
forgotten-left-digest = bis zu {$count} × dass du gekommen oder gegangen bist, auf {$platform} zusammen mit anderen erzählt
forgotten-left-unread = {$count} × eine Nachricht auf {$platform}, die Relay nicht mehr lesen kann, weil ihre Schlüssel verloren sind: sie kann von dir sein
forgotten-rest = Kopien, die andere gemacht haben, hat Relay nicht in der Hand. Den Schlüssel zu dem, was du gesagt hast, hat Relay vernichtet: Aus älteren Backups lässt es sich nicht mehr lesen, sobald auch die Kopien der Schlüssel von vorher weg sind. Anhänge sind nicht verschlüsselt: Ein älteres Backup, das sie enthält (`relay backup --media`), behält sie. Frag danach, wer Relay betreibt. Im Audit bleibt, dass und wann etwas von dir übertragen wurde, ohne Worte und Namen.

# /relay export

export-ask-whoever-runs = Relay kann dir hier keine Datei geben, die niemand sonst nehmen könnte. Frag danach, wer Relay betreibt: Geschrieben wird sie mit `relay export {$person} --out FILE`.
export-write-alone = Du hast gefragt, wo auch andere sind, und die Datei ist nicht für sie. Schreib /relay export an Relay im Chat mit seinem Bot allein: Dort bekommst du einen Link.
export-busy = Relay schreibt gerade so eine Datei für jemand anderen. Frag in einer Minute noch einmal.
export-too-large = Das ist zu viel, um es hier zu geben. Frag, wer Relay betreibt: `relay export` schreibt es.
export-not-kept = Relay kann die Datei gerade nicht ablegen; sein Protokoll sagt, warum.
exported =
    Was Relay von dir aufbewahrt, { $events ->
        [one] {$events} Sache
       *[other] {$events} Sachen
    }, die du gesagt oder getan hast, und { $choices ->
        [one] {$choices} Entscheidung
       *[other] {$choices} Entscheidungen
    }: {$link}
exported-linked = Darin steht, was du mit allen deinen verknüpften Konten gesagt und getan hast.
exported-link = Von Dateien stehen nur die Namen darin; sie selbst sind dort, wo du sie gepostet hast. Wer den Link hat, kann es lesen; er läuft von selbst ab, spätestens am {$date} um {$time} UTC.

# /relay consent

consent-nothing = Du hast dazu nichts gesagt.
consent-said = Was du gesagt hast, das Neueste zuerst{ $more ->
    [0] {""}
   *[other] {" "}({$more} ältere stehen in /relay export)
 }; von zweien über dasselbe gilt das neuere:
consent-how =
    /relay consent grant oder revoke PURPOSE und, wenn du willst: was, an wen, wie lange. Zum Beispiel:
    • /relay consent revoke bridging to telegram
    • /relay consent revoke bridging to PLATFORM:SPACE for 1 day (ein Server, Workspace, Netzwerk oder Chat allein)
    • /relay consent revoke bridging attachments,presence
    • /relay consent grant archive content for 30 days
    Zwecke: bridging, archive, moderation, ai, analytics, personalisation, marketing. Was: content, attachments, identity, presence, reactions, derived, picture. /relay privacy sagt das Übliche mit einem Wort.
consent-since = {$line} (seit {$date}, {$time} UTC, mit {$how})
consent-whom = An wen: {$platforms}; service:NAME, plugin:NAME.
consent-whom-spaces = Oder ein Bereich allein, von denen, wo gezeigt wird, was hier gesagt wird: {$spaces}.
consent-whom-programs = relay sind Programme, die wer Relay betreibt zulässt.
consent-whom-webhooks = webhook sind Programme, die Relay aufruft.
consent-taken-back-for-good = Was schon übertragen wurde und nicht dazu passt, wird gerade in den anderen Räumen gelöscht, und zwar endgültig: Es kommt nicht zurück, wenn die Zeit um ist. Eine Plattform, die nichts löscht, behält es, und vielleicht hat es schon jemand gelesen. /relay privacy sagt dir, wann das erledigt ist.
consent-too-often = Du hast in der letzten Stunde sehr oft gewählt. Warte eine Stunde; revoke geht immer.
consent-unused = Dafür tut Relay heute nichts; dein Wort wird aufbewahrt, bis es so weit ist.
consent-nobody = So einen Dienst oder so ein Plugin hat Relay heute nicht; dein Wort wird aufbewahrt, bis es so weit ist.
consent-how-long = Wie lange soll das sein? Schreib es wie 30 days.
consent-neither = `{$word}` ist weder grant noch revoke.
consent-no-purpose = Den Zweck `{$word}` gibt es nicht.
consent-no-class = `{$word}` gibt es nicht.
consent-no-recipient = Relay kennt `{$whom}` nicht. Es kennt {$platforms} sowie service:NAME und plugin:NAME.
consent-no-space = Relay kennt `{$whom}` nicht unter den Bereichen, wo gezeigt wird, was hier gesagt wird. Es gibt: {$spaces}.
consent-no-spaces = Was hier gesagt wird, wird in keinem Bereich gezeigt, der damit gemeint sein kann. Schreib es in dem verbundenen Raum, aus dem du dort gezeigt wirst.
consent-space-shared = So heißen mehrere Bereiche. Mit ihren IDs sind es: {$ids}.
consent-space-unclear = Damit können zwei Bereiche gemeint sein. Setz den Namen in Anführungszeichen.
consent-line =
    { $allows ->
        [yes] {$purpose}: {$what} an {$whom} erlaubt
       *[no] {$purpose}: {$what} an {$whom} nicht erlaubt
    }
consent-line-ended =
    { $allows ->
        [yes] {$purpose}: {$what} an {$whom} erlaubt, was vorbei ist
       *[no] {$purpose}: {$what} an {$whom} nicht erlaubt, was vorbei ist
    }
consent-line-until =
    { $allows ->
        [yes] {$purpose}: {$what} an {$whom} erlaubt bis {$date}, {$time} UTC
       *[no] {$purpose}: {$what} an {$whom} nicht erlaubt bis {$date}, {$time} UTC
    }
consent-everything = alles
consent-everybody = alle
consent-space = einen Bereich auf {$platform}
consent-space-named = {$name} auf {$platform}
consent-programs = Programme ({$platform})
consent-service = den Dienst {$name}
consent-plugin = das Plugin {$name}

# /relay link und unlink

link-elsewhere = Hier könnten andere den Code lesen. Schreib /relay link dort, wo Relay nur dir antwortet, auf Discord, Slack oder IRC oder auf Telegram im Chat mit dem Bot allein, und bring den Code hierher: /relay link CODE.
link-too-many-codes = Es warten zu viele Codes darauf, benutzt zu werden. Versuch es später noch einmal.
link-code =
    Schreib mit deinem Konto auf einer anderen Plattform, dort in einem verbundenen Raum:

    /relay link {$code}

    Der Code gilt einmal, {$minutes} Minuten lang. Gib ihn niemandem: Wer ihn bringt, wird für dich gehalten.
link-means = Verknüpfte Konten sind für Relay eine Person: Was du mit einem verbietest (/relay privacy, /relay consent), ist für alle verboten, /relay forget vergisst alle, und wo dich jemand erwähnt, lesen die Leute anderswo den Namen, den du dort hast: Wer beide Räume liest, kann daraus schließen, wer du bist. Rechte gehen dadurch nicht von einer Plattform auf die andere über. Mit welchem deiner Namen du anderswo gezeigt wirst, sagt /relay name.
linked-with = Mit diesem Konto verknüpft: {$accounts}. /relay unlink nimmt dieses heraus.
link-account = {$name} auf {$platform}
link-not-good = Dieser Code gilt nicht: Er ist vertippt, schon benutzt oder abgelaufen. /relay link gibt einen neuen, dort, wo Relay nur dir antwortet.
link-same-account = Dieser Code war für dein Konto auf einer anderen Plattform. Hol dir einen neuen und schreib ihn dort.
link-being-forgotten = Eines der beiden wird noch vergessen. Verknüpfe sie, sobald /relay forget sagt, dass das erledigt ist.
link-already = Diese beiden sind schon verknüpft.
link-taken = Dieses Konto ist schon mit anderen verknüpft und kann nur zu einer Person gehören. /relay unlink trennt es von ihnen; oder schreib /relay link hier, wo Relay nur dir antwortet, und bring den Code zum anderen Konto.
link-too-many-accounts = Es sind schon zu viele Konten verknüpft: Mehr als {$most} geht nicht.
linked = Dieses Konto und {$other} sind verknüpft.
linked-other = Dieser Code stimmt. Dieses Konto und das, für das er war, gehören für Relay jetzt einer Person. Was du mit einem verbietest, ist für beide verboten, und wer eines hat, kann lesen, was von beiden aufgehoben ist (/relay export), und es vergessen lassen (/relay forget). Was sonst daraus wird, steht dort, wo es den Code gab.
linked-not-yours = Wenn du diesen Code nicht für dich selbst bekommen hast, schreib /relay unlink.
linked-tighter = Sie hatten Verschiedenes gewählt: Was eines nicht erlaubt hat, erlaubt jetzt auch das andere nicht mehr, und was darüber hinaus übertragen wurde, wird in den anderen Räumen zurückgenommen, als wäre es mit /relay privacy gewählt.
linked-there = Dieses Konto und {$other} sind verknüpft: Dein Code wurde dort benutzt.
linked-not-you = Wenn das nicht du warst, schreib /relay unlink.
unlinked-nothing = Dieses Konto ist mit keinem anderen verknüpft.
unlinked = Dieses Konto ist mit keinem anderen mehr verknüpft. Was du gewählt hast, gilt für jedes von ihnen weiter: /relay privacy zeigt es.
unlinked-all = Keines deiner Konten ist mehr mit einem anderen verknüpft. Was du gewählt hast, gilt für jedes von ihnen weiter: /relay privacy zeigt es.

# /relay name

name-is-own = Anderswo wirst du mit dem Namen des Kontos gezeigt, mit dem du schreibst.
name-is-there = Anderswo wirst du mit dem Namen des Kontos gezeigt, das du im Netzwerk derer hast, die es lesen; wo du keines hast, mit dem des Kontos, mit dem du schreibst.
name-is-of = Anderswo wirst du mit dem Namen von {$account} gezeigt.
name-how = Mit /relay name PLATFORM wirst du mit dem Namen deines verknüpften Kontos auf dieser Plattform gezeigt, mit /relay name there in jedem Netzwerk mit dem deines Kontos dort, mit /relay name own mit dem des Kontos, mit dem du schreibst.
name-means = Das gilt für alle deine verknüpften Konten, von jetzt an. Wo dieses Konto nicht genannt werden darf, steht der Name des Kontos, mit dem du schreibst; wo du unter anderem Namen oder ohne Namen schreibst, bleibt es dabei. Dein Bild bleibt das des Kontos, mit dem du schreibst. Wer den Namen eines Kontos bei dem liest, was ein anderes schreibt, erfährt, dass beide einer Person gehören.
name-not-linked = Dieses Konto ist mit keinem anderen verknüpft und wird deshalb mit seinem eigenen Namen gezeigt. /relay link zeigt dort, wo Relay nur dir antwortet, dass dir auch ein anderes Konto gehört.
name-none-there = Dort hast du kein verknüpftes Konto. Sag eines von diesen: {$choices}.
name-noted = Notiert, soweit deine Konten verknüpft sind. Was jetzt gilt, steht dort, wo Relay nur dir antwortet: /relay name.
name-elsewhere = Du hast gefragt, wo andere lesen könnten, welche Konten dir gehören. Schreib /relay name dort, wo Relay nur dir antwortet. /relay name PLATFORM, there oder own kannst du auch sagen, wo andere sind.
