### The words of the participant's page, and the default texts of a study.
### Every other language has the same messages. The page shows a missing message in English.
### `text-…` are Markdown, and only the host uses them.

## The frame of the page

loading = Loading…
needs-javascript = This study needs JavaScript. Please turn it on in your browser and reload the page.
not-started = The page has not started. Please reload it. If that does not help, turn off ad blockers for this page or use another browser.
progress = Progress
pictures = Pictures
contact = Contact: { $contact }
copy = Copy
copied = Copied

## Names of the screens

screen-preview = Preview
screen-consent = Before you begin
screen-instructions = Instructions
screen-questions_before = A few questions
screen-questions_after = A few questions
screen-comprehension = A quick check
screen-calibration = Screen and distance
screen-trials = Pictures
screen-feedback = Your thoughts
screen-debrief = About this study
screen-end = The end
screen-ready = Ready

## Buttons

agree = I agree, begin
do-not-agree = I do not agree
back = Back
next = Next
have-read = I have read this
continue = Continue
finish = Finish
start = Start
go-on = Continue
try-again = Try again
load-again = Reload the page

## Before the pictures

about-minutes = { $minutes ->
    [one] About { $minutes } minute
   *[other] About { $minutes } minutes
}
page-of = Page { $at } of { $of }
read-and-answer = Please answer these questions about the instructions.
answer-all = Please answer every question.
optional = (optional)
answer-marked = Please check the marked answers.
answer-needed = Please answer this question.
row-needed = Please answer every row.
answer-again = Please check this answer.
number-needed = Enter a number.
number-between = Enter a number from { $min } to { $max }.
number-from = Enter a number of at least { $min }.
number-to = Enter a number of at most { $max }.
not-answered = not answered yet
tries-left = { $tries ->
    [one] Not every answer was right. You have one more try.
   *[other] Not every answer was right. You have { $tries } more tries.
}
read-again = Read the instructions again
check-answers = Check my answers
back-to-questions = Back to the questions
preview-note = This is a preview. Accept the task to take part.
getting-ready = Getting the pictures ready
loading-pictures = Loading the pictures
done-of = { $done } of { $of }
pictures-missing = Some pictures did not load
pictures-missing-count = { $missing } of { $of } pictures could not be loaded. Nothing is lost.
ready = Ready when you are
ready-text = The pictures are loaded. Press the button to begin.
fills-screen = The page will fill your screen. Press Esc to leave full screen at any time.
left-fullscreen = The page has left full screen.
to-fullscreen = Back to full screen

## Coming back

welcome-back = Welcome back
where-stopped = You continue right where you stopped.
kept-answer = Your last answer has not reached us yet. It is saved in this browser and will be sent when you continue.
other-tab = Answered in another tab
other-tab-text = This study is also open in another tab or window. You answered this picture there, and that answer counts. Please close the other tab and continue here.
begun-before = Have you started this study before?
if-not-you = If this was not you, please close this page.
was-me = That was me: continue
who-is-there = Who is using this computer?
session-begun-here = A participant started this study on this computer and did not finish it.
go-on-with-it = Continue that session
i-am-new = Start as a new participant
goes-on-here = You are continuing the session that was started in this browser.
not-you = Not you? Start a new session
next-person = Ready for the next participant

## The size of the screen and the viewing distance

card-title = How large is your screen?
card-text = Hold a bank card or an identity card against the screen. Move the slider until the drawn card has exactly the same size.
card-slider = Size of the drawn card
card-fits = The sizes match
distance-title = How far away are you?
distance-keep = Please sit so that your eyes are { $distance } cm from the screen. Keep this distance.
distance-text = Sit comfortably and cover your right eye. Look at the black square with your left eye all the time. A red dot moves to the left. Press the button or the space bar when the dot disappears.
dot-gone = The dot is gone
distance-enter = Enter the distance instead
distance-label = Enter the distance from your eyes to the screen, in cm.
distance-range = Please enter a number from { $least } to { $most }.

## Naming the class of a picture

classify = Classify the picture
picture-to-classify = The picture to classify
classes = Classes
what-is-it = What is it?
most-likely = { $rank ->
    [1] What is it most likely?
    [2] Second most likely?
    [3] Third most likely?
    [4] Fourth most likely?
    [5] Fifth most likely?
    [one] { $rank }st most likely?
    [two] { $rank }nd most likely?
    [few] { $rank }rd most likely?
   *[other] { $rank }th most likely?
}
rank = { $rank ->
    [one] { $rank }st
    [two] { $rank }nd
    [few] { $rank }rd
   *[other] { $rank }th
}
ranked = , ranked { $rank }
submit-or-change = Submit, or change your ranking
submit = Submit
undo = Undo
keys-choose = Keys: { $keys } to choose
keys-rank = Keys: { $keys } to rank, Backspace to undo, Enter to submit
correct-it-is = Correct: it is { $article } { $label }
it-is = It is { $article } { $label }
not-correct-it-is = Not correct. It is { $article } { $label }
explanation-grid = These belong together
explanation-mask = Look at the bright region

## Two pictures between examples

look = Look at the pictures…
which-fits = Which image in the middle matches the examples on the right better?
negative-examples = Negative examples
positive-examples = Positive examples
upper-picture = Upper picture
lower-picture = Lower picture
numbered = { $name }, { $number }
not-sure = not sure
fairly-sure = fairly sure
very-sure = very sure
upper-sure = { $level }: upper picture, { $word }
lower-sure = { $level }: lower picture, { $word }
how-sure = How sure are you?
pick-first = First pick a picture with ↑ or ↓
press-number = Now press 1, 2 or 3: how sure are you?
picked = { $name }. Press 1, 2 or 3.
keys-pick = Keys: ↑ or ↓ to pick a picture, then 1, 2 or 3
correct-count = { $of ->
    [0] Correct: 0
   *[other] Correct: { $correct } of { $of }
}
correct = Correct
other-fits = Not correct: the other picture fits better

## Several pictures, one that does not belong

which-odd = Which picture does not belong with the others?
picture-number = Picture { $number }
odd-is = Not correct: picture { $number } does not belong

## One question about one or two displays

choice-left = Left
choice-right = Right
choice-first = First
choice-second = Second
not-correct-it-was = Not correct: it was { $answer }
it-was-number = It was { $answer }
your-answer = Your answer
enter-whole = Please enter a whole number from { $least } to { $most }.
enter-steps = Please enter a number from { $least } to { $most }, in steps of { $step }.
choose-on-line = Please choose a place on the line.

## Pointing to a word in a picture

point-area = The picture. Move the ring with the arrow keys and press Enter.
not-there = Not there
not-correct-here = Not correct: it is in the frame
not-correct-absent = Not correct: it is not there

## Describing a picture

longer-sentence = Please write a longer sentence.
choose-word = Please choose at least one word.

## Trials with a deadline

too-slow = Too slow

## After the pictures

thoughts-label = Your thoughts (optional)
got-right = You got right
score-of = { $correct } of { $of }

## The end

outcome-completed = Thank you, you are done
outcome-declined = You chose not to take part
outcome-screened_out = The study ends here for you
outcome-timed_out = The time for this session is over
outcome-returned = This session was returned
outcome-withdrawn = You have withdrawn from this study
outcome-expired = This session has ended
close-page = You can close this page now.
return-to = Return to { $place }
returns-in = { $seconds ->
    [one] You will return to { $place } automatically in { $seconds } second.
   *[other] You will return to { $place } automatically in { $seconds } seconds.
}
stay = Stay on this page
stayed = You stay on this page. Use the button to return to { $place }.
code = If the button does not work, enter this completion code:
code-at = Enter this completion code on { $place }:
code-alone = Enter this completion code on the page that sent you here:
submit-and-finish = Submit and finish
reference = Your reference: { $reference }
withdraw-by = To ask about your data or to withdraw it, write to { $contact } and include this reference.
keep-reference = Keep this reference in case you want to withdraw your data later.
next-part = The study has another part
next-part-window = You can start part { $part } from { DATETIME($opens, dateStyle: "long", timeStyle: "short") } to { DATETIME($closes, dateStyle: "long", timeStyle: "short") }.
next-part-invited = Please look for the invitation where you found this study.
next-part-link = Please keep this link. It is only for you.
open-part = Open part { $part }
add-to-calendar = Add to calendar
duration-seconds = { $number ->
    [one] { $number } second
   *[other] { $number } seconds
}
duration-minutes = { $number ->
    [one] { $number } minute
   *[other] { $number } minutes
}
duration-hours = { $number ->
    [one] { $number } hour
   *[other] { $number } hours
}
break-limit = A break in this study may last up to { $duration }.
answer-too-late = Your last answer arrived too late and could not be saved.
answers-stored = { $answers ->
    [one] { $answers } earlier answer is saved.
   *[other] { $answers } earlier answers are saved.
}
questions = Questions? Please write to { $contact }.

## The window and the device

needs-mouse = This study needs a mouse or a trackpad
open-on-computer = Please open the same link on a computer.
more-room = A little more room, please
window-least = The pictures need a window of at least { $least } pixels. Your window is { $size }.
enlarge = Make the window larger or zoom out. The page then continues where it was.
turn-upright = Please turn your phone upright. The page then continues where it was.
turn-sideways = Please turn your phone sideways. The page then continues where it was.
larger-screen = Please open the same link on a larger screen, for example on a computer.
keep-zoom = I enlarged the page to see better: continue
or-return = If that is not possible, please return the task on { $place } so that another participant can do it.

## Trouble

offline = You seem to be offline.
no-answer = The server is not responding.
not-saved = Your answer is not saved yet. It is kept in this browser and will be sent automatically: please keep this page open.
trying = Trying again…
being-saved = Saving your answer…
answer-unchanged = You cannot change an answer.
nothing-changed = Nothing has changed.
back-leaves = Press Back again to leave the page; the same link brings you back here.
fault = Something went wrong
fault-answer = Your answer could not be accepted. Please reload the page.
fault-unsaved = Something went wrong on this page. Your last answer is not saved yet: it is kept in this tab and will be sent when you reload the page.
fault-saved = Something went wrong on this page. Your answers so far are saved.

## What the host refuses: `refused-CODE` is the title, `why-KEY` says more

refused-unknown_study = This study does not exist
refused-study_early = The study is not open yet
refused-study_paused = The study is paused
refused-study_closed = The study has ended
refused-study_full = The study is full
refused-not_eligible = You cannot take part in this study
refused-already_took = You have already taken part
refused-in_use = This study is open somewhere else
refused-part_unknown = This is a later part of a study
refused-part_early = This part is not open yet
refused-part_late = This part is closed
refused-ended = This session has ended
check-link = Please check that the link is complete.
why-unknown_study = There is no study at this address.
why-study_early = This study opens on { DATETIME($at, dateStyle: "long", timeStyle: "short") }. Please come back then.
why-study_paused = This study is paused at the moment. Please try again later.
why-study_closed = This study has ended. Thank you for your interest.
why-study_full = This study has all the participants it needs. Thank you!
why-wrong_link = This study does not accept participants through this link.
why-invalid_key = This link is not valid.
why-related_study = You took part in a related study before. For this reason you cannot take part in this one.
why-other_submission = You took part in this study before, with another submission. Please return this submission. If you can no longer submit the other one, write to the researchers.
why-in_use = { $minutes ->
    [one] This study is open in another window, with another submission. Please continue there. If that window is closed, you can continue here in { $minutes } minute.
   *[other] This study is open in another window, with another submission. Please continue there. If that window is closed, you can continue here in { $minutes } minutes.
}
why-other_arrival = You started this study before, with another submission or in another browser. If that was you, you can continue where you stopped. This submission then counts.
why-part_unknown = This link leads to a later part of a study. We found no completed first part of yours. Please use the link or the account with which you took the first part.
why-part_early = You can start this part from { DATETIME($at, dateStyle: "long", timeStyle: "short") }. Please come back then.
why-part_late = You could start this part until { DATETIME($at, dateStyle: "long", timeStyle: "short") }. It is closed now. Thank you for coming back.
why-ended = Too much time has passed to continue this session.

## Default texts: the page shows one where a study has no such file (Markdown)

text-practice =
    # Practice

    First, a few practice trials. They do not count.
text-practice_again =
    # Once more

    Not all answers were right. Please practise once more.
text-half_way =
    # Half-way

    You have finished half of this part.
text-phase_change =
    # Now it counts

    The next part begins.
text-declined =
    # Thank you

    You decided not to take part. No data about you were stored.
text-screened_out =
    # Thank you

    This study is not a good match this time. Thank you for your interest.
text-timed_out =
    # This session has ended

    Too much time has passed to continue it.
text-returned =
    # This session has ended

    The study was returned.
text-withdrawn =
    # You have withdrawn

    You no longer take part. Your stored data were deleted.
text-expired =
    # This session has ended

    Your answers were kept for the agreed time and then deleted.
text-completed =
    # Thank you

    All your answers are saved.
text-paid_already =
    # You have taken part before

    Your participation in this study was already accepted, and it is paid once. Please return this new submission: nothing is left to do.
text-mturk_preview =
    # Preview

    Accept the HIT to take part.
