### German (Sie)

loading = Wird geladen …
needs-javascript = Diese Studie braucht JavaScript. Bitte schalten Sie es in Ihrem Browser ein und laden Sie die Seite neu.
not-started = Die Seite ist noch nicht gestartet. Bitte laden Sie sie neu. Hilft das nicht, schalten Sie Werbeblocker für diese Seite aus oder nehmen Sie einen anderen Browser.
progress = Fortschritt
pictures = Bilder
contact = Kontakt: { $contact }
copy = Kopieren
copied = Kopiert

screen-preview = Vorschau
screen-consent = Bevor Sie beginnen
screen-instructions = Anleitung
screen-questions_before = Einige Fragen
screen-questions_after = Einige Fragen
screen-comprehension = Ein paar Fragen
screen-calibration = Bildschirm und Abstand
screen-trials = Bilder
screen-feedback = Ihre Gedanken
screen-debrief = Über diese Studie
screen-end = Ende
screen-ready = Bereit

agree = Ich stimme zu und beginne
do-not-agree = Ich stimme nicht zu
back = Zurück
next = Weiter
have-read = Ich habe das gelesen
continue = Weiter
finish = Abschließen
start = Beginnen
go-on = Fortsetzen
try-again = Noch einmal versuchen
load-again = Seite neu laden

about-minutes = { $minutes ->
    [one] Etwa { $minutes } Minute
   *[other] Etwa { $minutes } Minuten
}
page-of = Seite { $at } von { $of }
read-and-answer = Bitte antworten Sie nach dem, was Sie gelesen haben.
answer-all = Bitte beantworten Sie jede Frage.
optional = (freiwillig)
answer-marked = Bitte prüfen Sie die markierten Antworten.
answer-needed = Bitte beantworten Sie diese Frage.
row-needed = Bitte beantworten Sie jede Zeile.
answer-again = Bitte prüfen Sie diese Antwort.
number-needed = Geben Sie eine Zahl ein.
number-between = Geben Sie eine Zahl von { $min } bis { $max } ein.
number-from = Geben Sie eine Zahl ab { $min } ein.
number-to = Geben Sie eine Zahl bis { $max } ein.
not-answered = noch nicht beantwortet
tries-left = { $tries ->
    [one] Nicht jede Antwort war richtig. Sie haben noch einen Versuch.
   *[other] Nicht jede Antwort war richtig. Sie haben noch { $tries } Versuche.
}
read-again = Anleitung noch einmal lesen
check-answers = Antworten prüfen
back-to-questions = Zurück zu den Fragen
preview-note = Das ist eine Vorschau. Nehmen Sie die Aufgabe an, um teilzunehmen.
getting-ready = Die Bilder werden vorbereitet
loading-pictures = Bilder werden geladen
done-of = { $done } von { $of }
pictures-missing = Einige Bilder sind nicht angekommen
pictures-missing-count = { $missing } von { $of } konnten nicht geladen werden. Nichts ist verloren.
ready = Wenn Sie bereit sind
ready-text = Die Bilder sind geladen. Drücken Sie auf den Knopf, um zu beginnen.
fills-screen = Die Seite wird den ganzen Bildschirm füllen. Mit Esc können Sie das jederzeit beenden.
left-fullscreen = Die Seite füllt nicht mehr den ganzen Bildschirm.
to-fullscreen = Zurück zum Vollbild

welcome-back = Willkommen zurück
where-stopped = Sie machen genau dort weiter, wo Sie aufgehört haben.
kept-answer = Ihre letzte Antwort ist noch nicht bei uns angekommen. Sie wurde hier aufgehoben und wird gesendet, wenn Sie weitermachen.
other-tab = In einem anderen Tab beantwortet
other-tab-text = Diese Studie ist auch in einem anderen Tab oder Fenster offen. Das Bild wurde dort beantwortet, und diese Antwort zählt. Bitte schließen Sie das andere und machen Sie hier weiter.
begun-before = Haben Sie diese Studie schon begonnen?
if-not-you = Wenn Sie das nicht waren, schließen Sie bitte diese Seite.
was-me = Das war ich, weiter
who-is-there = Wer ist da?
session-begun-here = An diesem Computer wurde eine Sitzung begonnen und nicht beendet.
go-on-with-it = Diese fortsetzen
i-am-new = Ich bin neu hier
goes-on-here = Sie setzen die Sitzung fort, die in diesem Browser begonnen wurde.
not-you = Das sind nicht Sie? Neue Sitzung beginnen
next-person = Bereit für die nächste Person

card-title = Wie groß ist Ihr Bildschirm?
card-text = Halten Sie eine Bankkarte oder einen Ausweis an den Bildschirm. Bewegen Sie den Regler, bis die gezeichnete Karte genau gleich groß ist.
card-slider = Größe der gezeichneten Karte
card-fits = Gleich groß
distance-title = Wie weit sind Sie entfernt?
distance-keep = Bitte setzen Sie sich so, dass Ihre Augen { $distance } cm vom Bildschirm entfernt sind. Behalten Sie diesen Abstand bei.
distance-text = Setzen Sie sich bequem hin und decken Sie das rechte Auge ab. Schauen Sie mit dem linken Auge immer auf das schwarze Quadrat. Ein roter Punkt bewegt sich nach links. Drücken Sie den Knopf oder die Leertaste, sobald der Punkt verschwindet.
dot-gone = Der Punkt ist weg
distance-enter = Abstand selbst eingeben
distance-label = Geben Sie den Abstand von Ihren Augen zum Bildschirm in cm ein.
distance-range = Bitte geben Sie eine Zahl von { $least } bis { $most } ein.

classify = Das Bild zuordnen
picture-to-classify = Das Bild, um das es geht
classes = Klassen
what-is-it = Was ist das?
most-likely = { $rank ->
    [1] Was ist es am ehesten?
    [2] Und an zweiter Stelle?
    [3] Und an dritter Stelle?
   *[other] Und an { $rank }. Stelle?
}
rank = { $rank }.
ranked = , Rang { $rank }
submit-or-change = Absenden oder Reihenfolge ändern
submit = Absenden
undo = Rückgängig
keys-choose = Tasten: { $keys } zum Wählen
keys-rank = Tasten: { $keys } für die Reihenfolge, Rücktaste macht rückgängig, Eingabetaste sendet ab
correct-it-is = Richtig: { $label }
it-is = Das ist: { $label }
not-correct-it-is = Nicht richtig. Das ist: { $label }
explanation-grid = Diese gehören zusammen
explanation-mask = Achten Sie auf den hellen Bereich

look = Sehen Sie sich die Bilder an …
which-fits = Welches Bild in der Mitte passt besser zu den Beispielen rechts?
negative-examples = Gegenbeispiele
positive-examples = Beispiele
upper-picture = Oberes Bild
lower-picture = Unteres Bild
numbered = { $name }, { $number }
not-sure = unsicher
fairly-sure = ziemlich sicher
very-sure = sehr sicher
upper-sure = { $level }: oberes Bild, { $word }
lower-sure = { $level }: unteres Bild, { $word }
how-sure = Wie sicher sind Sie?
pick-first = Wählen Sie zuerst ein Bild mit ↑ oder ↓
press-number = Nun 1, 2 oder 3: Wie sicher sind Sie?
picked = { $name }. Drücken Sie 1, 2 oder 3.
keys-pick = Tasten: ↑ oder ↓ wählt ein Bild, dann 1, 2 oder 3
correct-count = { $of ->
    [0] Richtig: 0
   *[other] Richtig: { $correct } von { $of }
}
correct = Richtig
other-fits = Nicht richtig: Das andere Bild passt besser

which-odd = Welches Bild passt nicht zu den anderen?
picture-number = Bild { $number }
odd-is = Nicht richtig: Bild { $number } passt nicht zu den anderen
choice-left = Links
choice-right = Rechts
choice-first = Erstes
choice-second = Zweites
not-correct-it-was = Nicht richtig: Es war { $answer }
it-was-number = Es war { $answer }
your-answer = Ihre Antwort
enter-whole = Bitte geben Sie eine ganze Zahl von { $least } bis { $most } ein.
enter-steps = Bitte geben Sie eine Zahl von { $least } bis { $most } in Schritten von { $step } ein.
choose-on-line = Bitte wählen Sie eine Stelle auf der Linie.

## Pointing to a word in a picture

point-area = Das Bild. Bewegen Sie den Ring mit den Pfeiltasten und drücken Sie die Eingabetaste.
not-there = Nicht da
not-correct-here = Nicht richtig: Es ist im Rahmen
not-correct-absent = Nicht richtig: Es ist nicht da

## Describing a picture

longer-sentence = Bitte schreiben Sie einen längeren Satz.
choose-word = Bitte wählen Sie mindestens ein Wort.
too-slow = Zu langsam

thoughts-label = Ihre Gedanken (freiwillig)
got-right = Richtig beantwortet
score-of = { $correct } von { $of }

outcome-completed = Danke, Sie sind fertig
outcome-declined = Sie nehmen nicht teil
outcome-screened_out = Hier endet die Studie für Sie
outcome-timed_out = Die Zeit für diese Sitzung ist vorbei
outcome-returned = Diese Sitzung wurde zurückgegeben
outcome-withdrawn = Sie haben Ihre Teilnahme zurückgezogen
outcome-expired = Diese Sitzung ist beendet
close-page = Sie können diese Seite jetzt schließen.
return-to = Zurück zu { $place }
returns-in = { $seconds ->
    [one] In { $seconds } Sekunde geht es von selbst zurück zu { $place }.
   *[other] In { $seconds } Sekunden geht es von selbst zurück zu { $place }.
}
stay = Auf dieser Seite bleiben
stayed = Sie bleiben hier. Der Knopf führt zurück zu { $place }.
code = Wenn der Knopf nicht geht, nehmen Sie diesen Abschlusscode:
code-at = Geben Sie diesen Abschlusscode bei { $place } ein:
code-alone = Geben Sie diesen Abschlusscode auf der Seite ein, von der Sie kamen:
submit-and-finish = Abgeben und abschließen
reference = Ihr Kennzeichen: { $reference }
withdraw-by = Wenn Sie nach Ihren Daten fragen oder sie zurückziehen wollen, schreiben Sie an { $contact } und nennen Sie dieses Kennzeichen.
keep-reference = Heben Sie dieses Kennzeichen auf, wenn Sie Ihre Daten später vielleicht zurückziehen wollen.
next-part = Die Studie hat einen weiteren Teil
next-part-window = Sie können Teil { $part } von { DATETIME($opens, dateStyle: "long", timeStyle: "short") } bis { DATETIME($closes, dateStyle: "long", timeStyle: "short") } beginnen.
next-part-invited = Bitte achten Sie auf die Einladung dort, wo Sie diese Studie gefunden haben.
next-part-link = Bitte bewahren Sie diesen Link auf. Er ist nur für Sie.
open-part = Teil { $part } öffnen
add-to-calendar = In den Kalender eintragen
duration-seconds = { $number ->
    [one] { $number } Sekunde
   *[other] { $number } Sekunden
}
duration-minutes = { $number ->
    [one] { $number } Minute
   *[other] { $number } Minuten
}
duration-hours = { $number ->
    [one] { $number } Stunde
   *[other] { $number } Stunden
}
break-limit = Eine Pause darf in dieser Studie höchstens so lang sein: { $duration }.
answer-too-late = Ihre letzte Antwort kam zu spät und konnte nicht gespeichert werden.
answers-stored = { $answers ->
    [one] { $answers } frühere Antwort ist gespeichert.
   *[other] { $answers } frühere Antworten sind gespeichert.
}
questions = Fragen? Bitte schreiben Sie an { $contact }.

needs-mouse = Diese Studie braucht eine Maus oder ein Touchpad
open-on-computer = Bitte öffnen Sie denselben Link an einem Computer.
more-room = Ein wenig mehr Platz, bitte
window-least = Die Bilder brauchen ein Fenster von mindestens { $least } Pixeln. Ihres hat { $size }.
enlarge = Machen Sie das Fenster größer oder verkleinern Sie die Ansicht. Die Seite macht von selbst genau dort weiter, wo sie war.
turn-upright = Bitte halten Sie Ihr Telefon hochkant. Die Seite macht von selbst genau dort weiter, wo sie war.
turn-sideways = Bitte drehen Sie Ihr Telefon quer. Die Seite macht von selbst genau dort weiter, wo sie war.
larger-screen = Bitte öffnen Sie denselben Link auf einem größeren Bildschirm, zum Beispiel an einem Computer.
keep-zoom = Ich habe die Seite vergrößert, um gut zu sehen: weiter
or-return = Wenn das nicht geht: Bitte geben Sie die Aufgabe bei { $place } zurück, damit jemand anderes sie machen kann.

offline = Sie scheinen keine Verbindung zum Internet zu haben.
no-answer = Der Server antwortet gerade nicht.
not-saved = Ihre Antwort ist noch nicht gespeichert. Sie wird hier aufgehoben und von selbst gesendet: Bitte lassen Sie diese Seite offen.
trying = Es wird von selbst noch einmal versucht …
being-saved = Ihre Antwort wird gespeichert …
answer-unchanged = Eine Antwort kann nicht geändert werden.
nothing-changed = Nichts hat sich geändert.
back-leaves = Noch einmal Zurück verlässt die Seite; derselbe Link führt wieder hierher.
fault = Etwas ist schiefgegangen
fault-answer = Die Antwort konnte nicht angenommen werden. Bitte laden Sie die Seite neu.
fault-unsaved = Die Seite ist durch einen eigenen Fehler stehen geblieben. Ihre letzte Antwort ist noch nicht gespeichert: Sie wird in diesem Tab aufgehoben und gesendet, wenn Sie die Seite neu laden.
fault-saved = Die Seite ist durch einen eigenen Fehler stehen geblieben. Was Sie geantwortet haben, ist gespeichert.

refused-unknown_study = Diese Studie gibt es nicht
refused-study_early = Die Studie ist noch nicht offen
refused-study_paused = Die Studie macht eine Pause
refused-study_closed = Die Studie ist beendet
refused-study_full = Die Studie ist voll
refused-not_eligible = Diese Studie steht Ihnen nicht offen
refused-already_took = Sie haben schon teilgenommen
refused-in_use = Diese Studie ist woanders offen
refused-part_unknown = Dies ist ein späterer Teil einer Studie
refused-part_early = Dieser Teil ist noch nicht offen
refused-part_late = Dieser Teil ist geschlossen
refused-ended = Diese Sitzung ist beendet
check-link = Bitte prüfen Sie, ob der Link vollständig ist, so wie Sie ihn bekommen haben.
why-unknown_study = Hier gibt es keine solche Studie.
why-study_early = Diese Studie öffnet am { DATETIME($at, dateStyle: "long", timeStyle: "short") }. Bitte kommen Sie dann wieder.
why-study_paused = Diese Studie macht gerade eine Pause. Bitte versuchen Sie es später noch einmal.
why-study_closed = Diese Studie ist beendet. Danke für Ihr Interesse.
why-study_full = Diese Studie hat alle Teilnehmenden, die sie braucht. Vielen Dank!
why-wrong_link = An dieser Studie kann man über diesen Link nicht teilnehmen.
why-invalid_key = Dieser Link ist nicht gültig.
why-related_study = Sie haben schon an einer verwandten Studie teilgenommen und können deshalb an dieser nicht teilnehmen.
why-other_submission = Sie haben an dieser Studie schon teilgenommen, unter einer anderen Abgabe. Bitte geben Sie diese zurück. Wenn Sie die andere nicht mehr abgeben können, schreiben Sie den Forschenden.
why-in_use = { $minutes ->
    [one] Diese Studie läuft in einem anderen Fenster, unter einer anderen Abgabe. Bitte machen Sie dort weiter. Wenn das Fenster geschlossen ist, können Sie hier in { $minutes } Minute weitermachen.
   *[other] Diese Studie läuft in einem anderen Fenster, unter einer anderen Abgabe. Bitte machen Sie dort weiter. Wenn das Fenster geschlossen ist, können Sie hier in { $minutes } Minuten weitermachen.
}
why-other_arrival = Sie haben diese Studie schon begonnen, unter einer anderen Abgabe oder in einem anderen Browser. Wenn Sie das waren, können Sie dort weitermachen, wo Sie waren; dann zählt diese Abgabe.
why-part_unknown = Dieser Link führt zu einem späteren Teil einer Studie. Wir haben keinen abgeschlossenen ersten Teil von Ihnen gefunden. Bitte benutzen Sie den Link oder das Konto, mit dem Sie am ersten Teil teilgenommen haben.
why-part_early = Sie können diesen Teil ab { DATETIME($at, dateStyle: "long", timeStyle: "short") } beginnen. Bitte kommen Sie dann wieder.
why-part_late = Sie konnten diesen Teil bis { DATETIME($at, dateStyle: "long", timeStyle: "short") } beginnen. Er ist jetzt geschlossen. Danke, dass Sie wiedergekommen sind.
why-ended = Es ist zu viel Zeit vergangen, um mit dieser Sitzung weiterzumachen.

text-practice =
    # Übung

    Zuerst einige Durchgänge zum Üben. Sie zählen nicht.
text-practice_again =
    # Noch einmal

    Noch war nicht jede Antwort richtig. Bitte üben Sie noch einmal.
text-half_way =
    # Halbzeit

    Sie haben die Hälfte dieses Teils geschafft.
text-phase_change =
    # Jetzt zählt es

    Der nächste Teil beginnt.
text-declined =
    # Danke

    Sie haben sich entschieden, nicht teilzunehmen. Über Sie wurde nichts gespeichert.
text-screened_out =
    # Danke

    Diese Studie passt diesmal nicht. Danke für Ihr Interesse.
text-timed_out =
    # Diese Sitzung ist beendet

    Es ist zu viel Zeit vergangen, um mit ihr weiterzumachen.
text-returned =
    # Diese Sitzung ist beendet

    Die Studie wurde zurückgegeben.
text-withdrawn =
    # Sie haben Ihre Teilnahme zurückgezogen

    Sie nehmen nicht mehr teil. Was von Ihrer Teilnahme gespeichert war, wurde gelöscht.
text-expired =
    # Diese Sitzung ist beendet

    Ihre Antworten wurden so lange aufgehoben wie vereinbart und dann gelöscht.
text-completed =
    # Danke

    Alle Ihre Antworten sind gespeichert.
text-paid_already =
    # Sie haben schon teilgenommen

    Ihre Teilnahme an dieser Studie ist schon angenommen, und sie wird einmal bezahlt. Bitte geben Sie diese neue Abgabe zurück: In ihr gibt es nichts mehr zu tun.
text-mturk_preview =
    # Vorschau

    Nehmen Sie den HIT an, um teilzunehmen.
