### Italian (Lei)

loading = Caricamento…
needs-javascript = Questo studio richiede JavaScript. Lo attivi nel browser e ricarichi la pagina.
not-started = La pagina non si è ancora avviata. La ricarichi. Se non basta, disattivi i blocchi della pubblicità per questa pagina o usi un altro browser.
progress = Avanzamento
pictures = Immagini
contact = Contatto: { $contact }
copy = Copia
copied = Copiato

screen-preview = Anteprima
screen-consent = Prima di iniziare
screen-instructions = Istruzioni
screen-questions_before = Alcune domande
screen-questions_after = Alcune domande
screen-comprehension = Alcune domande
screen-calibration = Schermo e distanza
screen-trials = Immagini
screen-feedback = Le Sue osservazioni
screen-debrief = Informazioni sullo studio
screen-end = Fine
screen-ready = Tutto pronto

agree = Accetto, inizia
do-not-agree = Non accetto
back = Indietro
next = Avanti
have-read = Ho letto
continue = Continua
finish = Termina
start = Inizia
go-on = Prosegui
try-again = Riprova
load-again = Ricarica la pagina

about-minutes = { $minutes ->
    [one] Circa { $minutes } minuto
   *[other] Circa { $minutes } minuti
}
page-of = Pagina { $at } di { $of }
read-and-answer = Risponda in base a ciò che ha letto.
answer-all = Risponda a tutte le domande.
optional = (facoltativo)
answer-marked = Controlli le risposte segnalate.
answer-needed = Risponda a questa domanda.
row-needed = Risponda in ogni riga.
answer-again = Controlli questa risposta.
number-needed = Inserisca un numero.
number-between = Inserisca un numero da { $min } a { $max }.
number-from = Inserisca un numero di almeno { $min }.
number-to = Inserisca un numero non superiore a { $max }.
not-answered = nessuna risposta finora
tries-left = { $tries ->
    [one] Non tutte le risposte erano giuste. Ha ancora un tentativo.
   *[other] Non tutte le risposte erano giuste. Ha ancora { $tries } tentativi.
}
read-again = Rileggi le istruzioni
check-answers = Controlla le risposte
back-to-questions = Torna alle domande
preview-note = Questa è un’anteprima. Accetti il compito per partecipare.
getting-ready = Le immagini vengono preparate
loading-pictures = Caricamento delle immagini
done-of = { $done } di { $of }
pictures-missing = Alcune immagini non sono arrivate
pictures-missing-count = Non è stato possibile caricare { $missing } immagini su { $of }. Nulla è andato perso.
ready = Quando vuole
ready-text = Le immagini sono caricate. Prema il pulsante per iniziare.
fills-screen = La pagina occuperà tutto lo schermo. Prema Esc per uscire in qualsiasi momento.
left-fullscreen = La pagina non è più a schermo intero.
to-fullscreen = Torna a schermo intero

welcome-back = Bentornati
where-stopped = Si riprende esattamente dal punto in cui si è fermato.
kept-answer = La Sua ultima risposta non ci è ancora arrivata. È conservata qui e verrà inviata quando prosegue.
other-tab = Risposta data in un’altra scheda
other-tab-text = Questo studio è aperto anche in un’altra scheda o finestra. La risposta è stata data lì, ed è quella che vale. Chiuda l’altra e prosegua qui.
begun-before = Ha già iniziato questo studio?
if-not-you = Se non era Lei, chiuda questa pagina.
was-me = Ero io, prosegui
who-is-there = Chi c’è?
session-begun-here = Su questo computer è stata iniziata una sessione che non è conclusa.
go-on-with-it = Prosegui con quella
i-am-new = Sono un’altra persona
goes-on-here = Prosegue la sessione iniziata in questo browser.
not-you = Non è Lei? Inizia una nuova sessione
next-person = Pronto per la prossima persona

card-title = Quanto è grande il suo schermo?
card-text = Appoggi una carta di credito o una carta d’identità allo schermo. Sposti il cursore finché la carta disegnata ha esattamente la stessa grandezza.
card-slider = Grandezza della carta disegnata
card-fits = Stessa grandezza
distance-title = A che distanza si trova?
distance-keep = Si sieda in modo che i suoi occhi siano a { $distance } cm dallo schermo. Mantenga questa distanza.
distance-text = Si sieda comodamente e copra l’occhio destro. Guardi sempre il quadrato nero con l’occhio sinistro. Un punto rosso si muove verso sinistra. Prema il pulsante o la barra spaziatrice quando il punto scompare.
dot-gone = Il punto è scomparso
distance-enter = Inserire la distanza
distance-label = Inserisca la distanza tra i suoi occhi e lo schermo, in cm.
distance-range = Inserisca un numero da { $least } a { $most }.

classify = Classificare l’immagine
picture-to-classify = L’immagine da classificare
classes = Classi
what-is-it = Che cos’è?
most-likely = { $rank ->
    [1] Che cos’è più probabilmente?
    [2] E al secondo posto?
    [3] E al terzo posto?
   *[other] E al posto { $rank }?
}
rank = { $rank }º
ranked = , posto { $rank }
submit-or-change = Invii o cambi l’ordine
submit = Invia
undo = Annulla
keys-choose = Tasti: { $keys } per scegliere
keys-rank = Tasti: { $keys } per ordinare, Backspace per annullare, Invio per inviare
correct-it-is = Giusto: { $label }
it-is = È: { $label }
not-correct-it-is = Non è giusto. È: { $label }
explanation-grid = Queste immagini vanno insieme
explanation-mask = Guardi la zona chiara

look = Guardi le immagini…
which-fits = Quale immagine al centro corrisponde meglio agli esempi a destra?
negative-examples = Esempi negativi
positive-examples = Esempi positivi
upper-picture = Immagine in alto
lower-picture = Immagine in basso
numbered = { $name }, { $number }
not-sure = poco sicuro
fairly-sure = abbastanza sicuro
very-sure = molto sicuro
upper-sure = { $level }: immagine in alto, { $word }
lower-sure = { $level }: immagine in basso, { $word }
how-sure = Con quanta sicurezza?
pick-first = Scelga prima un’immagine con ↑ o ↓
press-number = Ora prema 1, 2 o 3: con quanta sicurezza?
picked = { $name }. Prema 1, 2 o 3.
keys-pick = Tasti: ↑ o ↓ per scegliere un’immagine, poi 1, 2 o 3
correct-count = { $of ->
    [0] Giuste: 0
   *[other] Giuste: { $correct } di { $of }
}
correct = Giusto
other-fits = Non è giusto: l’altra immagine corrisponde meglio

which-odd = Quale immagine non c’entra con le altre?
picture-number = Immagine { $number }
odd-is = Non è giusto: l’immagine { $number } non c’entra con le altre
choice-left = Sinistra
choice-right = Destra
choice-first = Prima
choice-second = Seconda
not-correct-it-was = Non è giusto: era { $answer }
it-was-number = Era { $answer }
your-answer = La tua risposta
enter-whole = Inserisci un numero intero da { $least } a { $most }.
enter-steps = Inserisci un numero da { $least } a { $most }, a passi di { $step }.
choose-on-line = Scegli un punto sulla linea.

## Pointing to a word in a picture

point-area = L’immagine. Muova l’anello con le frecce e prema Invio.
not-there = Non c’è
not-correct-here = Non è giusto: è nel riquadro
not-correct-absent = Non è giusto: non c’è

## Describing a picture

longer-sentence = Scriva una frase più lunga.
choose-word = Scelga almeno una parola.
too-slow = Troppo lento

thoughts-label = Le Sue osservazioni (facoltativo)
got-right = Risposte giuste
score-of = { $correct } di { $of }

outcome-completed = Grazie, ha finito
outcome-declined = Ha scelto di non partecipare
outcome-screened_out = Lo studio finisce qui
outcome-timed_out = Il tempo per questa sessione è scaduto
outcome-returned = Questa sessione è stata restituita
outcome-withdrawn = Si è ritirato da questo studio
outcome-expired = Questa sessione è conclusa
close-page = Ora può chiudere questa pagina.
return-to = Torna a { $place }
returns-in = { $seconds ->
    [one] Ritorno automatico a { $place } tra { $seconds } secondo.
   *[other] Ritorno automatico a { $place } tra { $seconds } secondi.
}
stay = Resta su questa pagina
stayed = Resta qui. Il pulsante riporta a { $place }.
code = Se il pulsante non funziona, usi questo codice:
code-at = Inserisca questo codice su { $place }:
code-alone = Inserisca questo codice nella pagina da cui è arrivato/a:
submit-and-finish = Consegna e termina
reference = Il Suo riferimento: { $reference }
withdraw-by = Per chiedere dei Suoi dati, o ritirarli, scriva a { $contact } indicando questo riferimento.
keep-reference = Conservi questo riferimento se in seguito vorrà ritirare i Suoi dati.
next-part = Lo studio ha un’altra parte
next-part-window = Può iniziare la parte { $part } dal { DATETIME($opens, dateStyle: "long", timeStyle: "short") } al { DATETIME($closes, dateStyle: "long", timeStyle: "short") }.
next-part-invited = Cerchi l’invito dove ha trovato questo studio.
next-part-link = Conservi questo link. È solo per lei.
open-part = Apri la parte { $part }
add-to-calendar = Aggiungi al calendario
duration-seconds = { $number ->
    [one] { $number } secondo
   *[other] { $number } secondi
}
duration-minutes = { $number ->
    [one] { $number } minuto
   *[other] { $number } minuti
}
duration-hours = { $number ->
    [one] { $number } ora
   *[other] { $number } ore
}
break-limit = In questo studio una pausa può durare al massimo { $duration }.
answer-too-late = La Sua ultima risposta è arrivata troppo tardi e non è stato possibile salvarla.
answers-stored = { $answers ->
    [one] { $answers } risposta precedente è salvata.
   *[other] { $answers } risposte precedenti sono salvate.
}
questions = Domande? Scriva a { $contact }.

needs-mouse = Questo studio richiede un mouse o un touchpad
open-on-computer = Apra lo stesso link su un computer.
more-room = Un po’ più di spazio, per favore
window-least = Le immagini richiedono una finestra di almeno { $least } pixel. La Sua è di { $size }.
enlarge = Ingrandisca la finestra o riduca lo zoom. La pagina riprende da sola, esattamente da dov’era.
turn-upright = Tenga il telefono in verticale. La pagina riprende da sola, esattamente da dov’era.
turn-sideways = Giri il telefono in orizzontale. La pagina riprende da sola, esattamente da dov’era.
larger-screen = Apra lo stesso link su uno schermo più grande, come quello di un computer.
keep-zoom = Ho ingrandito la pagina per vedere bene: prosegui
or-return = Se non può: restituisca il compito su { $place }, così potrà farlo un’altra persona.

offline = Sembra che non ci sia connessione.
no-answer = Il server al momento non risponde.
not-saved = La Sua risposta non è ancora salvata. È conservata qui e viene inviata da sola: lasci aperta questa pagina.
trying = Nuovo tentativo automatico…
being-saved = La Sua risposta viene salvata…
answer-unchanged = Una risposta non si può cambiare.
nothing-changed = Non è cambiato nulla.
back-leaves = Torni indietro ancora una volta per lasciare la pagina; lo stesso link riporta qui.
fault = Qualcosa è andato storto
fault-answer = Non è stato possibile prendere la risposta. Ricarichi la pagina.
fault-unsaved = La pagina si è fermata per un proprio errore. La Sua ultima risposta non è ancora salvata: è conservata in questa scheda e viene inviata quando ricarica la pagina.
fault-saved = La pagina si è fermata per un proprio errore. Ciò che ha risposto è salvato.

refused-unknown_study = Questo studio non esiste
refused-study_early = Lo studio non è ancora aperto
refused-study_paused = Lo studio è in pausa
refused-study_closed = Lo studio è concluso
refused-study_full = Lo studio è al completo
refused-not_eligible = Questo studio non è aperto per Lei
refused-already_took = Ha già partecipato
refused-in_use = Questo studio è aperto altrove
refused-part_unknown = Questa è una parte successiva di uno studio
refused-part_early = Questa parte non è ancora aperta
refused-part_late = Questa parte è chiusa
refused-ended = Questa sessione è conclusa
check-link = Controlli che il link sia completo, così come l’ha ricevuto.
why-unknown_study = Qui non c’è alcuno studio con questo nome.
why-study_early = Questo studio apre il { DATETIME($at, dateStyle: "long", timeStyle: "short") }. Torni in quel momento.
why-study_paused = Questo studio al momento è in pausa. Riprovi più tardi.
why-study_closed = Questo studio è concluso. Grazie per l’interesse.
why-study_full = Questo studio ha tutti i partecipanti di cui ha bisogno. Grazie!
why-wrong_link = Con questo link non si può partecipare a questo studio.
why-invalid_key = Questo link non è valido.
why-related_study = Ha già partecipato a uno studio simile, perciò non può partecipare a questo.
why-other_submission = Ha già partecipato a questo studio, con un altro invio. Restituisca questo. Se non può più consegnare l’altro, scriva ai ricercatori.
why-in_use = { $minutes ->
    [one] Questo studio è in corso in un’altra finestra, con un altro invio. Prosegua lì. Se quella finestra è chiusa, può proseguire qui tra { $minutes } minuto.
   *[other] Questo studio è in corso in un’altra finestra, con un altro invio. Prosegua lì. Se quella finestra è chiusa, può proseguire qui tra { $minutes } minuti.
}
why-other_arrival = Ha già iniziato questo studio, con un altro invio o in un altro browser. Se era Lei, può proseguire da dov’era; allora vale questo invio.
why-part_unknown = Questo link porta a una parte successiva di uno studio. Non abbiamo trovato una prima parte completata da lei. Usi il link o l’account con cui ha fatto la prima parte.
why-part_early = Può iniziare questa parte dal { DATETIME($at, dateStyle: "long", timeStyle: "short") }. Torni in quel momento.
why-part_late = Poteva iniziare questa parte fino al { DATETIME($at, dateStyle: "long", timeStyle: "short") }. Ora è chiusa. Grazie per essere tornato/a.
why-ended = È passato troppo tempo per proseguire questa sessione.

text-practice =
    # Esercizio

    Prima alcune prove per esercitarsi. Non contano.
text-practice_again =
    # Ancora una volta

    Non tutte le risposte erano ancora giuste. Si eserciti ancora una volta.
text-half_way =
    # A metà

    Ha fatto metà di questa parte.
text-phase_change =
    # Ora conta

    Inizia la parte successiva.
text-declined =
    # Grazie

    Ha deciso di non partecipare. Di Lei non è stato salvato nulla.
text-screened_out =
    # Grazie

    Questa volta lo studio non è adatto. Grazie per l’interesse.
text-timed_out =
    # Questa sessione è conclusa

    È passato troppo tempo per proseguirla.
text-returned =
    # Questa sessione è conclusa

    Lo studio è stato restituito.
text-withdrawn =
    # Si è ritirato

    Non partecipa più. Ciò che era salvato della Sua partecipazione è stato cancellato.
text-expired =
    # Questa sessione è conclusa

    Le risposte sono state conservate per il tempo concordato e poi cancellate.
text-completed =
    # Grazie

    Tutte le Sue risposte sono salvate.
text-paid_already =
    # Ha già partecipato

    La Sua partecipazione a questo studio è già accettata, e viene pagata una volta. Restituisca questo nuovo invio: non c’è altro da fare.
text-mturk_preview =
    # Anteprima

    Accetti lo HIT per partecipare.
