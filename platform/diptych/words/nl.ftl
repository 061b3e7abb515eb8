### Dutch (u)

loading = Laden…
needs-javascript = Dit onderzoek heeft JavaScript nodig. Zet het aan in uw browser en laad de pagina opnieuw.
not-started = De pagina is nog niet gestart. Laad haar opnieuw. Helpt dat niet, zet dan reclameblokkers voor deze pagina uit of gebruik een andere browser.
progress = Voortgang
pictures = Afbeeldingen
contact = Contact: { $contact }
copy = Kopiëren
copied = Gekopieerd

screen-preview = Voorbeeld
screen-consent = Voordat u begint
screen-instructions = Instructies
screen-questions_before = Enkele vragen
screen-questions_after = Enkele vragen
screen-comprehension = Een paar vragen
screen-calibration = Scherm en afstand
screen-trials = Afbeeldingen
screen-feedback = Uw opmerkingen
screen-debrief = Over dit onderzoek
screen-end = Einde
screen-ready = Klaar

agree = Ik ga akkoord, begin
do-not-agree = Ik ga niet akkoord
back = Terug
next = Volgende
have-read = Ik heb dit gelezen
continue = Verder
finish = Afronden
start = Beginnen
go-on = Doorgaan
try-again = Opnieuw proberen
load-again = Pagina opnieuw laden

about-minutes = { $minutes ->
    [one] Ongeveer { $minutes } minuut
   *[other] Ongeveer { $minutes } minuten
}
page-of = Pagina { $at } van { $of }
read-and-answer = Antwoord volgens wat u hebt gelezen.
answer-all = Beantwoord elke vraag.
optional = (niet verplicht)
answer-marked = Controleer de gemarkeerde antwoorden.
answer-needed = Beantwoord deze vraag.
row-needed = Beantwoord elke rij.
answer-again = Controleer dit antwoord.
number-needed = Voer een getal in.
number-between = Voer een getal in van { $min } tot en met { $max }.
number-from = Voer een getal in van minstens { $min }.
number-to = Voer een getal in van hoogstens { $max }.
not-answered = nog niet beantwoord
tries-left = { $tries ->
    [one] Niet elk antwoord was goed. U hebt nog één poging.
   *[other] Niet elk antwoord was goed. U hebt nog { $tries } pogingen.
}
read-again = Instructies nog eens lezen
check-answers = Antwoorden controleren
back-to-questions = Terug naar de vragen
preview-note = Dit is een voorbeeld. Neem de taak aan om mee te doen.
getting-ready = De afbeeldingen worden klaargezet
loading-pictures = Afbeeldingen laden
done-of = { $done } van { $of }
pictures-missing = Sommige afbeeldingen zijn niet aangekomen
pictures-missing-count = { $missing } van { $of } konden niet worden geladen. Er is niets verloren.
ready = Als u klaar bent
ready-text = De afbeeldingen zijn geladen. Druk op de knop om te beginnen.
fills-screen = De pagina vult straks uw hele scherm. Met Esc kunt u er altijd uit.
left-fullscreen = De pagina vult niet meer het hele scherm.
to-fullscreen = Terug naar volledig scherm

welcome-back = Welkom terug
where-stopped = U gaat verder waar u was gebleven.
kept-answer = Uw laatste antwoord is nog niet bij ons aangekomen. Het is hier bewaard en wordt verstuurd als u doorgaat.
other-tab = Beantwoord in een ander tabblad
other-tab-text = Dit onderzoek staat ook open in een ander tabblad of venster. De afbeelding is daar beantwoord, en dat antwoord telt. Sluit het andere en ga hier verder.
begun-before = Bent u al eerder met dit onderzoek begonnen?
if-not-you = Als u dat niet was, sluit dan deze pagina.
was-me = Dat was ik, ga verder
who-is-there = Wie is daar?
session-begun-here = Op deze computer is een sessie begonnen die niet af is.
go-on-with-it = Daarmee doorgaan
i-am-new = Ik ben iemand anders
goes-on-here = U gaat door met de sessie die in deze browser is begonnen.
not-you = Bent u dat niet? Begin een nieuwe sessie
next-person = Klaar voor de volgende persoon

card-title = Hoe groot is uw scherm?
card-text = Houd een bankpas of identiteitskaart tegen het scherm. Verplaats de schuif tot de getekende kaart precies even groot is.
card-slider = Grootte van de getekende kaart
card-fits = Even groot
distance-title = Hoe ver zit u van het scherm?
distance-keep = Ga zo zitten dat uw ogen { $distance } cm van het scherm zijn. Houd deze afstand aan.
distance-text = Ga gemakkelijk zitten en bedek uw rechteroog. Kijk met uw linkeroog steeds naar het zwarte vierkant. Een rode stip beweegt naar links. Druk op de knop of de spatiebalk zodra de stip verdwijnt.
dot-gone = De stip is weg
distance-enter = Afstand zelf invullen
distance-label = Vul de afstand van uw ogen tot het scherm in, in cm.
distance-range = Vul een getal in van { $least } tot { $most }.

classify = De afbeelding indelen
picture-to-classify = De afbeelding om in te delen
classes = Klassen
what-is-it = Wat is het?
most-likely = { $rank ->
    [1] Wat is het waarschijnlijkst?
    [2] En op de tweede plaats?
    [3] En op de derde plaats?
   *[other] En op plaats { $rank }?
}
rank = { $rank }e
ranked = , plaats { $rank }
submit-or-change = Verstuur, of wijzig uw volgorde
submit = Versturen
undo = Ongedaan maken
keys-choose = Toetsen: { $keys } om te kiezen
keys-rank = Toetsen: { $keys } om te ordenen, Backspace om ongedaan te maken, Enter om te versturen
correct-it-is = Goed: { $label }
it-is = Het is: { $label }
not-correct-it-is = Niet goed. Het is: { $label }
explanation-grid = Deze horen bij elkaar
explanation-mask = Let op het lichte gebied

look = Bekijk de afbeeldingen…
which-fits = Welke afbeelding in het midden past beter bij de voorbeelden rechts?
negative-examples = Tegenvoorbeelden
positive-examples = Voorbeelden
upper-picture = Bovenste afbeelding
lower-picture = Onderste afbeelding
numbered = { $name }, { $number }
not-sure = niet zeker
fairly-sure = redelijk zeker
very-sure = heel zeker
upper-sure = { $level }: bovenste afbeelding, { $word }
lower-sure = { $level }: onderste afbeelding, { $word }
how-sure = Hoe zeker bent u?
pick-first = Kies eerst een afbeelding met ↑ of ↓
press-number = Druk nu op 1, 2 of 3: hoe zeker bent u?
picked = { $name }. Druk op 1, 2 of 3.
keys-pick = Toetsen: ↑ of ↓ om een afbeelding te kiezen, dan 1, 2 of 3
correct-count = { $of ->
    [0] Goed: 0
   *[other] Goed: { $correct } van { $of }
}
correct = Goed
other-fits = Niet goed: de andere afbeelding past beter

which-odd = Welke afbeelding hoort niet bij de andere?
picture-number = Afbeelding { $number }
odd-is = Niet goed: afbeelding { $number } hoort niet bij de andere
choice-left = Links
choice-right = Rechts
choice-first = Eerste
choice-second = Tweede
not-correct-it-was = Niet goed: het was { $answer }
it-was-number = Het was { $answer }
your-answer = Uw antwoord
enter-whole = Voer een geheel getal van { $least } tot en met { $most } in.
enter-steps = Voer een getal van { $least } tot en met { $most } in, in stappen van { $step }.
choose-on-line = Kies een plek op de lijn.

## Pointing to a word in a picture

point-area = De afbeelding. Verplaats de ring met de pijltoetsen en druk op Enter.
not-there = Niet te zien
not-correct-here = Niet goed: het staat in het kader
not-correct-absent = Niet goed: het is niet te zien

## Describing a picture

longer-sentence = Schrijf een langere zin.
choose-word = Kies ten minste één woord.
too-slow = Te langzaam

thoughts-label = Uw opmerkingen (niet verplicht)
got-right = Goede antwoorden
score-of = { $correct } van { $of }

outcome-completed = Dank u wel, u bent klaar
outcome-declined = U doet niet mee
outcome-screened_out = Hier eindigt het voor u
outcome-timed_out = De tijd voor deze sessie is om
outcome-returned = Deze sessie is teruggegeven
outcome-withdrawn = U hebt zich uit dit onderzoek teruggetrokken
outcome-expired = Deze sessie is afgelopen
close-page = U kunt deze pagina nu sluiten.
return-to = Terug naar { $place }
returns-in = { $seconds ->
    [one] Over { $seconds } seconde gaat u vanzelf terug naar { $place }.
   *[other] Over { $seconds } seconden gaat u vanzelf terug naar { $place }.
}
stay = Op deze pagina blijven
stayed = U blijft hier. De knop leidt terug naar { $place }.
code = Werkt de knop niet, gebruik dan deze code:
code-at = Voer deze code in bij { $place }:
code-alone = Voer deze code in op de pagina waar u vandaan kwam:
submit-and-finish = Inleveren en afronden
reference = Uw kenmerk: { $reference }
withdraw-by = Wilt u iets over uw gegevens vragen of ze intrekken, schrijf dan naar { $contact } en noem dit kenmerk.
keep-reference = Bewaar dit kenmerk als u uw gegevens later misschien wilt intrekken.
next-part = Het onderzoek heeft nog een deel
next-part-window = U kunt deel { $part } beginnen van { DATETIME($opens, dateStyle: "long", timeStyle: "short") } tot { DATETIME($closes, dateStyle: "long", timeStyle: "short") }.
next-part-invited = Let op de uitnodiging op de plek waar u dit onderzoek hebt gevonden.
next-part-link = Bewaar deze link. Hij is alleen voor u.
open-part = Deel { $part } openen
add-to-calendar = Aan agenda toevoegen
duration-seconds = { $number ->
    [one] { $number } seconde
   *[other] { $number } seconden
}
duration-minutes = { $number ->
    [one] { $number } minuut
   *[other] { $number } minuten
}
duration-hours = { $number } uur
break-limit = Een pauze mag in dit onderzoek hoogstens { $duration } duren.
answer-too-late = Uw laatste antwoord kwam te laat en kon niet worden opgeslagen.
answers-stored = { $answers ->
    [one] { $answers } eerder antwoord is opgeslagen.
   *[other] { $answers } eerdere antwoorden zijn opgeslagen.
}
questions = Vragen? Schrijf naar { $contact }.

needs-mouse = Voor dit onderzoek hebt u een muis of touchpad nodig
open-on-computer = Open dezelfde link op een computer.
more-room = Iets meer ruimte, alstublieft
window-least = De afbeeldingen hebben een venster van minstens { $least } pixels nodig. Dat van u heeft { $size }.
enlarge = Maak het venster groter of zoom uit. De pagina gaat vanzelf verder, precies waar zij was.
turn-upright = Houd uw telefoon rechtop. De pagina gaat vanzelf verder, precies waar zij was.
turn-sideways = Draai uw telefoon op zijn kant. De pagina gaat vanzelf verder, precies waar zij was.
larger-screen = Open dezelfde link op een groter scherm, zoals dat van een computer.
keep-zoom = Ik heb de pagina vergroot om goed te zien: ga verder
or-return = Lukt dat niet: geef de taak op { $place } terug, zodat iemand anders haar kan doen.

offline = U lijkt geen verbinding te hebben.
no-answer = De server antwoordt op dit moment niet.
not-saved = Uw antwoord is nog niet opgeslagen. Het wordt hier bewaard en vanzelf verstuurd: laat deze pagina open.
trying = Er wordt vanzelf opnieuw geprobeerd…
being-saved = Uw antwoord wordt opgeslagen…
answer-unchanged = Een antwoord kan niet worden gewijzigd.
nothing-changed = Er is niets veranderd.
back-leaves = Ga nog eens terug om de pagina te verlaten; dezelfde link leidt weer hierheen.
fault = Er is iets misgegaan
fault-answer = Het antwoord kon niet worden aangenomen. Laad de pagina opnieuw.
fault-unsaved = De pagina is door een eigen fout gestopt. Uw laatste antwoord is nog niet opgeslagen: het wordt in dit tabblad bewaard en verstuurd als u de pagina opnieuw laadt.
fault-saved = De pagina is door een eigen fout gestopt. Wat u hebt geantwoord, is opgeslagen.

refused-unknown_study = Dit onderzoek bestaat niet
refused-study_early = Het onderzoek is nog niet open
refused-study_paused = Het onderzoek is gepauzeerd
refused-study_closed = Het onderzoek is afgelopen
refused-study_full = Het onderzoek is vol
refused-not_eligible = Dit onderzoek staat niet voor u open
refused-already_took = U hebt al meegedaan
refused-in_use = Dit onderzoek staat ergens anders open
refused-part_unknown = Dit is een later deel van een onderzoek
refused-part_early = Dit deel is nog niet open
refused-part_late = Dit deel is gesloten
refused-ended = Deze sessie is afgelopen
check-link = Kijk of de link heel is, zoals u hem hebt gekregen.
why-unknown_study = Zo’n onderzoek is er hier niet.
why-study_early = Dit onderzoek opent op { DATETIME($at, dateStyle: "long", timeStyle: "short") }. Kom dan terug.
why-study_paused = Dit onderzoek is nu gepauzeerd. Probeer het later nog eens.
why-study_closed = Dit onderzoek is afgelopen. Dank u voor uw belangstelling.
why-study_full = Dit onderzoek heeft alle deelnemers die het nodig heeft. Dank u wel!
why-wrong_link = Via deze link kunt u niet aan dit onderzoek meedoen.
why-invalid_key = Deze link is niet geldig.
why-related_study = U hebt al aan een verwant onderzoek meegedaan en kunt daarom aan dit niet meedoen.
why-other_submission = U hebt al aan dit onderzoek meegedaan, onder een andere inzending. Geef deze terug. Kunt u de andere niet meer inleveren, schrijf dan de onderzoekers.
why-in_use = { $minutes ->
    [one] Dit onderzoek loopt in een ander venster, onder een andere inzending. Ga daar verder. Is dat venster gesloten, dan kunt u hier over { $minutes } minuut verder.
   *[other] Dit onderzoek loopt in een ander venster, onder een andere inzending. Ga daar verder. Is dat venster gesloten, dan kunt u hier over { $minutes } minuten verder.
}
why-other_arrival = U bent al eerder met dit onderzoek begonnen, onder een andere inzending of in een andere browser. Was u dat, dan kunt u verder waar u was; deze inzending telt dan.
why-part_unknown = Deze link leidt naar een later deel van een onderzoek. We hebben geen voltooid eerste deel van u gevonden. Gebruik de link of het account waarmee u het eerste deel hebt gedaan.
why-part_early = U kunt dit deel beginnen vanaf { DATETIME($at, dateStyle: "long", timeStyle: "short") }. Kom dan terug.
why-part_late = U kon dit deel beginnen tot { DATETIME($at, dateStyle: "long", timeStyle: "short") }. Het is nu gesloten. Bedankt dat u bent teruggekomen.
why-ended = Er is te veel tijd voorbij om met deze sessie door te gaan.

text-practice =
    # Oefenen

    Eerst een paar keer om te oefenen. Die tellen niet mee.
text-practice_again =
    # Nog een keer

    Nog niet elk antwoord was goed. Oefen nog een keer.
text-half_way =
    # Halverwege

    U hebt de helft van dit deel gedaan.
text-phase_change =
    # Nu telt het

    Het volgende deel begint.
text-declined =
    # Dank u wel

    U hebt besloten niet mee te doen. Over u is niets opgeslagen.
text-screened_out =
    # Dank u wel

    Dit onderzoek past deze keer niet. Dank u voor uw belangstelling.
text-timed_out =
    # Deze sessie is afgelopen

    Er is te veel tijd voorbij om ermee door te gaan.
text-returned =
    # Deze sessie is afgelopen

    Het onderzoek is teruggegeven.
text-withdrawn =
    # U hebt zich teruggetrokken

    U doet niet meer mee. Wat van uw deelname was opgeslagen, is gewist.
text-expired =
    # Deze sessie is afgelopen

    De antwoorden zijn zo lang bewaard als was afgesproken, en toen gewist.
text-completed =
    # Dank u wel

    Al uw antwoorden zijn opgeslagen.
text-paid_already =
    # U hebt al meegedaan

    Uw deelname aan dit onderzoek is al aanvaard, en wordt één keer betaald. Geef deze nieuwe inzending terug: er is niets meer in te doen.
text-mturk_preview =
    # Voorbeeld

    Neem de HIT aan om mee te doen.
