### French (vous)

loading = Chargement…
needs-javascript = Cette étude a besoin de JavaScript. Veuillez l’activer dans votre navigateur et recharger la page.
not-started = La page n’a pas encore démarré. Veuillez la recharger. Si cela n’aide pas, désactivez les bloqueurs de publicité pour cette page ou utilisez un autre navigateur.
progress = Avancement
pictures = Images
contact = Contact : { $contact }
copy = Copier
copied = Copié

screen-preview = Aperçu
screen-consent = Avant de commencer
screen-instructions = Instructions
screen-questions_before = Quelques questions
screen-questions_after = Quelques questions
screen-comprehension = Quelques questions
screen-calibration = Écran et distance
screen-trials = Images
screen-feedback = Vos remarques
screen-debrief = À propos de cette étude
screen-end = Fin
screen-ready = Prêt

agree = J’accepte, commencer
do-not-agree = Je n’accepte pas
back = Retour
next = Suivant
have-read = J’ai lu
continue = Continuer
finish = Terminer
start = Commencer
go-on = Reprendre
try-again = Réessayer
load-again = Recharger la page

about-minutes = { $minutes ->
    [one] Environ { $minutes } minute
   *[other] Environ { $minutes } minutes
}
page-of = Page { $at } sur { $of }
read-and-answer = Veuillez répondre d’après ce que vous avez lu.
answer-all = Veuillez répondre à chaque question.
optional = (facultatif)
answer-marked = Veuillez vérifier les réponses signalées.
answer-needed = Veuillez répondre à cette question.
row-needed = Veuillez répondre à chaque ligne.
answer-again = Veuillez vérifier cette réponse.
number-needed = Saisissez un nombre.
number-between = Saisissez un nombre de { $min } à { $max }.
number-from = Saisissez un nombre d’au moins { $min }.
number-to = Saisissez un nombre d’au plus { $max }.
not-answered = sans réponse pour le moment
tries-left = { $tries ->
    [one] Toutes les réponses n’étaient pas justes. Il vous reste un essai.
   *[other] Toutes les réponses n’étaient pas justes. Il vous reste { $tries } essais.
}
read-again = Relire les instructions
check-answers = Vérifier mes réponses
back-to-questions = Retour aux questions
preview-note = Ceci est un aperçu. Acceptez la tâche pour participer.
getting-ready = Préparation des images
loading-pictures = Chargement des images
done-of = { $done } sur { $of }
pictures-missing = Certaines images ne sont pas arrivées
pictures-missing-count = { $missing } sur { $of } n’ont pas pu être chargées. Rien n’est perdu.
ready = Quand vous voulez
ready-text = Les images sont chargées. Appuyez sur le bouton pour commencer.
fills-screen = La page va remplir votre écran. Appuyez sur Échap pour en sortir à tout moment.
left-fullscreen = La page n’est plus en plein écran.
to-fullscreen = Revenir au plein écran

welcome-back = Bon retour
where-stopped = Vous reprenez là où vous vous êtes arrêté.
kept-answer = Votre dernière réponse ne nous est pas encore parvenue. Elle a été gardée ici et sera envoyée quand vous reprendrez.
other-tab = Répondu dans un autre onglet
other-tab-text = Cette étude est aussi ouverte dans un autre onglet ou une autre fenêtre. La réponse y a été donnée, et c’est elle qui compte. Veuillez fermer l’autre et continuer ici.
begun-before = Avez-vous déjà commencé cette étude ?
if-not-you = Si ce n’était pas vous, veuillez fermer cette page.
was-me = C’était moi, continuer
who-is-there = Qui est là ?
session-begun-here = Une session a été commencée sur cet ordinateur et n’est pas terminée.
go-on-with-it = La reprendre
i-am-new = Je suis une autre personne
goes-on-here = Vous continuez la session commencée dans ce navigateur.
not-you = Ce n’est pas vous ? Commencer une nouvelle session
next-person = Prêt pour la personne suivante

card-title = Quelle est la taille de votre écran ?
card-text = Tenez une carte bancaire ou une carte d’identité contre l’écran. Déplacez le curseur jusqu’à ce que la carte dessinée ait exactement la même taille.
card-slider = Taille de la carte dessinée
card-fits = Même taille
distance-title = À quelle distance êtes-vous ?
distance-keep = Placez-vous de sorte que vos yeux soient à { $distance } cm de l’écran. Gardez cette distance.
distance-text = Installez-vous confortablement et couvrez votre œil droit. Regardez toujours le carré noir avec l’œil gauche. Un point rouge se déplace vers la gauche. Appuyez sur le bouton ou sur la barre d’espace quand le point disparaît.
dot-gone = Le point a disparu
distance-enter = Saisir la distance
distance-label = Saisissez la distance entre vos yeux et l’écran, en cm.
distance-range = Veuillez saisir un nombre de { $least } à { $most }.

classify = Classer l’image
picture-to-classify = L’image à classer
classes = Catégories
what-is-it = Qu’est-ce que c’est ?
most-likely = { $rank ->
    [1] Qu’est-ce que c’est le plus probablement ?
    [2] Et en deuxième ?
    [3] Et en troisième ?
   *[other] Et au rang { $rank } ?
}
rank = { $rank ->
    [1] 1er
   *[other] { $rank }e
}
ranked = , classé { $rank }
submit-or-change = Validez ou changez votre classement
submit = Valider
undo = Annuler
keys-choose = Touches : { $keys } pour choisir
keys-rank = Touches : { $keys } pour classer, Retour arrière pour annuler, Entrée pour valider
correct-it-is = Juste : { $label }
it-is = C’est : { $label }
not-correct-it-is = Ce n’est pas juste. C’est : { $label }
explanation-grid = Ces images vont ensemble
explanation-mask = Regardez la zone claire

look = Regardez les images…
which-fits = Quelle image du milieu correspond le mieux aux exemples de droite ?
negative-examples = Exemples négatifs
positive-examples = Exemples positifs
upper-picture = Image du haut
lower-picture = Image du bas
numbered = { $name }, { $number }
not-sure = pas sûr
fairly-sure = assez sûr
very-sure = très sûr
upper-sure = { $level } : image du haut, { $word }
lower-sure = { $level } : image du bas, { $word }
how-sure = En êtes-vous sûr ?
pick-first = Choisissez d’abord une image avec ↑ ou ↓
press-number = Appuyez sur 1, 2 ou 3 : en êtes-vous sûr ?
picked = { $name }. Appuyez sur 1, 2 ou 3.
keys-pick = Touches : ↑ ou ↓ pour choisir une image, puis 1, 2 ou 3
correct-count = { $of ->
    [0] Justes : 0
   *[other] Justes : { $correct } sur { $of }
}
correct = Juste
other-fits = Ce n’est pas juste : l’autre image correspond mieux

which-odd = Quelle image ne va pas avec les autres ?
picture-number = Image { $number }
odd-is = Ce n’est pas juste : l’image { $number } ne va pas avec les autres
choice-left = Gauche
choice-right = Droite
choice-first = Première
choice-second = Deuxième
not-correct-it-was = Ce n’est pas juste : c’était { $answer }
it-was-number = C’était { $answer }
your-answer = Votre réponse
enter-whole = Veuillez saisir un nombre entier de { $least } à { $most }.
enter-steps = Veuillez saisir un nombre de { $least } à { $most }, par pas de { $step }.
choose-on-line = Veuillez choisir un endroit sur la ligne.

## Pointing to a word in a picture

point-area = L’image. Déplacez l’anneau avec les touches fléchées et appuyez sur Entrée.
not-there = Absent
not-correct-here = Ce n’est pas juste : c’est dans le cadre
not-correct-absent = Ce n’est pas juste : ce n’est pas dans l’image

## Describing a picture

longer-sentence = Veuillez écrire une phrase plus longue.
choose-word = Veuillez choisir au moins un mot.
too-slow = Trop lent

thoughts-label = Vos remarques (facultatif)
got-right = Réponses justes
score-of = { $correct } sur { $of }

outcome-completed = Merci, c’est terminé
outcome-declined = Vous avez choisi de ne pas participer
outcome-screened_out = L’étude s’arrête ici
outcome-timed_out = Le temps de cette session est écoulé
outcome-returned = Cette session a été rendue
outcome-withdrawn = Vous vous êtes retiré de cette étude
outcome-expired = Cette session est terminée
close-page = Vous pouvez fermer cette page.
return-to = Retourner sur { $place }
returns-in = { $seconds ->
    [one] Retour automatique sur { $place } dans { $seconds } seconde.
   *[other] Retour automatique sur { $place } dans { $seconds } secondes.
}
stay = Rester sur cette page
stayed = Vous restez ici. Le bouton ramène sur { $place }.
code = Si le bouton ne marche pas, utilisez ce code de fin :
code-at = Saisissez ce code de fin sur { $place } :
code-alone = Saisissez ce code de fin sur la page d’où vous venez :
submit-and-finish = Envoyer et terminer
reference = Votre référence : { $reference }
withdraw-by = Pour une question sur vos données, ou pour les retirer, écrivez à { $contact } en donnant cette référence.
keep-reference = Gardez cette référence si vous pensez retirer un jour vos données.
next-part = L’étude a une autre partie
next-part-window = Vous pouvez commencer la partie { $part } du { DATETIME($opens, dateStyle: "long", timeStyle: "short") } au { DATETIME($closes, dateStyle: "long", timeStyle: "short") }.
next-part-invited = Guettez l’invitation là où vous avez trouvé cette étude.
next-part-link = Conservez ce lien. Il est réservé à vous.
open-part = Ouvrir la partie { $part }
add-to-calendar = Ajouter au calendrier
duration-seconds = { $number ->
    [one] { $number } seconde
   *[other] { $number } secondes
}
duration-minutes = { $number ->
    [one] { $number } minute
   *[other] { $number } minutes
}
duration-hours = { $number ->
    [one] { $number } heure
   *[other] { $number } heures
}
break-limit = Dans cette étude, une pause peut durer au plus { $duration }.
answer-too-late = Votre dernière réponse est arrivée trop tard et n’a pas pu être enregistrée.
answers-stored = { $answers ->
    [one] { $answers } réponse précédente est enregistrée.
   *[other] { $answers } réponses précédentes sont enregistrées.
}
questions = Des questions ? Écrivez à { $contact }.

needs-mouse = Cette étude demande une souris ou un pavé tactile
open-on-computer = Veuillez ouvrir le même lien sur un ordinateur.
more-room = Un peu plus de place, s’il vous plaît
window-least = Les images demandent une fenêtre d’au moins { $least } pixels. La vôtre fait { $size }.
enlarge = Agrandissez la fenêtre ou réduisez le zoom. La page reprend d’elle-même, là où elle en était.
turn-upright = Veuillez tenir votre téléphone debout. La page reprend d’elle-même, là où elle en était.
turn-sideways = Veuillez tourner votre téléphone sur le côté. La page reprend d’elle-même, là où elle en était.
larger-screen = Veuillez ouvrir le même lien sur un écran plus grand, celui d’un ordinateur par exemple.
keep-zoom = J’ai agrandi la page pour bien voir : continuer
or-return = Si ce n’est pas possible : veuillez rendre la tâche sur { $place }, pour que quelqu’un d’autre puisse la faire.

offline = Vous semblez être hors ligne.
no-answer = Le serveur ne répond pas pour le moment.
not-saved = Votre réponse n’est pas encore enregistrée. Elle est gardée ici et sera envoyée d’elle-même : laissez cette page ouverte.
trying = Nouvel essai automatique…
being-saved = Votre réponse est en cours d’enregistrement…
answer-unchanged = Une réponse ne peut pas être changée.
nothing-changed = Rien n’a changé.
back-leaves = Revenez encore en arrière pour quitter la page ; le même lien ramène ici.
fault = Une erreur s’est produite
fault-answer = La réponse n’a pas pu être prise. Veuillez recharger la page.
fault-unsaved = La page s’est arrêtée par une erreur. Votre dernière réponse n’est pas encore enregistrée : elle est gardée dans cet onglet et envoyée quand vous rechargez la page.
fault-saved = La page s’est arrêtée par une erreur. Vos réponses sont enregistrées.

refused-unknown_study = Cette étude n’existe pas
refused-study_early = L’étude n’est pas encore ouverte
refused-study_paused = L’étude est en pause
refused-study_closed = L’étude est terminée
refused-study_full = L’étude est complète
refused-not_eligible = Cette étude ne vous est pas ouverte
refused-already_took = Vous avez déjà participé
refused-in_use = Cette étude est ouverte ailleurs
refused-part_unknown = Ceci est une partie ultérieure d’une étude
refused-part_early = Cette partie n’est pas encore ouverte
refused-part_late = Cette partie est fermée
refused-ended = Cette session est terminée
check-link = Veuillez vérifier que le lien est complet, tel qu’il vous a été donné.
why-unknown_study = Il n’y a pas d’étude de ce nom ici.
why-study_early = Cette étude ouvre le { DATETIME($at, dateStyle: "long", timeStyle: "short") }. Revenez à ce moment-là, s’il vous plaît.
why-study_paused = Cette étude est en pause pour le moment. Veuillez réessayer plus tard.
why-study_closed = Cette étude est terminée. Merci de votre intérêt.
why-study_full = Cette étude a tous les participants qu’il lui faut. Merci !
why-wrong_link = On ne peut pas participer à cette étude par ce lien.
why-invalid_key = Ce lien n’est pas valable.
why-related_study = Vous avez déjà participé à une étude proche ; vous ne pouvez donc pas participer à celle-ci.
why-other_submission = Vous avez déjà participé à cette étude, sous une autre soumission. Veuillez rendre celle-ci. Si vous ne pouvez plus remettre l’autre, écrivez aux chercheurs.
why-in_use = { $minutes ->
    [one] Cette étude est en cours dans une autre fenêtre, sous une autre soumission. Veuillez continuer là-bas. Si cette fenêtre est fermée, vous pourrez continuer ici dans { $minutes } minute.
   *[other] Cette étude est en cours dans une autre fenêtre, sous une autre soumission. Veuillez continuer là-bas. Si cette fenêtre est fermée, vous pourrez continuer ici dans { $minutes } minutes.
}
why-other_arrival = Vous avez déjà commencé cette étude, sous une autre soumission ou dans un autre navigateur. Si c’était vous, vous pouvez reprendre où vous en étiez ; c’est alors cette soumission qui compte.
why-part_unknown = Ce lien mène à une partie ultérieure d’une étude. Nous n’avons trouvé aucune première partie terminée par vous. Veuillez utiliser le lien ou le compte avec lequel vous avez fait la première partie.
why-part_early = Vous pouvez commencer cette partie à partir du { DATETIME($at, dateStyle: "long", timeStyle: "short") }. Revenez à ce moment-là, s’il vous plaît.
why-part_late = Vous pouviez commencer cette partie jusqu’au { DATETIME($at, dateStyle: "long", timeStyle: "short") }. Elle est maintenant fermée. Merci d’être revenu(e).
why-ended = Il s’est passé trop de temps pour reprendre cette session.

text-practice =
    # Entraînement

    D’abord quelques essais pour s’entraîner. Ils ne comptent pas.
text-practice_again =
    # Encore une fois

    Toutes les réponses n’étaient pas encore justes. Veuillez vous entraîner encore une fois.
text-half_way =
    # À mi-chemin

    Vous avez fait la moitié de cette partie.
text-phase_change =
    # Maintenant, cela compte

    La partie suivante commence.
text-declined =
    # Merci

    Vous avez décidé de ne pas participer. Rien n’a été enregistré à votre sujet.
text-screened_out =
    # Merci

    Cette étude ne convient pas cette fois. Merci de votre intérêt.
text-timed_out =
    # Cette session est terminée

    Il s’est passé trop de temps pour la reprendre.
text-returned =
    # Cette session est terminée

    L’étude a été rendue.
text-withdrawn =
    # Vous vous êtes retiré

    Vous ne participez plus. Ce qui était enregistré de votre participation a été effacé.
text-expired =
    # Cette session est terminée

    Ses réponses ont été gardées aussi longtemps que convenu, puis effacées.
text-completed =
    # Merci

    Toutes vos réponses sont enregistrées.
text-paid_already =
    # Vous avez déjà participé

    Votre participation à cette étude est déjà acceptée, et elle n’est payée qu’une fois. Veuillez rendre cette nouvelle soumission : il n’y a plus rien à y faire.
text-mturk_preview =
    # Aperçu

    Acceptez le HIT pour participer.
