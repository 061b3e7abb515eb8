### The words of the participant's page, and the texts of a study that brings none of its own.
### English is what every other language is held against: a message that one lacks is said in
### English. `text-…` are Markdown; the host alone uses them.

## The frame of the page

loading = Loading…
needs-javascript = This study needs JavaScript. Please turn it on in your browser and load the page again.
not-started = The page has not started yet. Please load it again. If that does not help, turn off ad blockers for this page, or use another browser.
progress = Progress
pictures = Pictures
contact = Contact: { $contact }
copy = Copy
copied = Copied

## Names of the screens

screen-preview = Preview
screen-consent = Before you begin
screen-instructions = Instructions
screen-comprehension = A quick check
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
go-on = Go on
try-again = Try again
load-again = Load the page again

## Before the pictures

about-minutes = { $minutes ->
    [one] About { $minutes } minute
   *[other] About { $minutes } minutes
}
page-of = Page { $at } of { $of }
read-and-answer = Please answer by what you have read.
answer-all = Please answer every question.
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
pictures-missing = Some pictures did not arrive
pictures-missing-count = { $missing } of { $of } could not be loaded. Nothing is lost.
ready = Ready when you are
ready-text = The pictures are loaded. Press the button to begin.
fills-screen = The page will fill your screen. Press Esc to leave at any time.
left-fullscreen = The page has left full screen.
to-fullscreen = Back to full screen

## Coming back

welcome-back = Welcome back
where-stopped = You go on just where you stopped.
kept-answer = Your last answer has not reached us yet. It was kept here, and is sent when you go on.
other-tab = Answered in another tab
other-tab-text = This study is open in another tab or window too. The picture was answered there, and that answer counts. Please close the other one and go on here.
begun-before = Have you begun this study before?
if-not-you = If it was not you, please close this page.
was-me = That was me, go on
who-is-there = Who is there?
session-begun-here = A session was begun on this computer and is not finished.
go-on-with-it = Go on with it
i-am-new = I am new here
goes-on-here = You go on with the session that was begun in this browser.
not-you = Not you? Start a new session
next-person = Ready for the next person

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

## After the pictures

thoughts-label = Your thoughts (optional)
got-right = You got right
score-of = { $correct } of { $of }

## The end

outcome-completed = Thank you, you are done
outcome-declined = You chose not to take part
outcome-screened_out = This is where it ends
outcome-timed_out = The time for this session is over
outcome-returned = This session was returned
outcome-withdrawn = You have withdrawn from this study
outcome-expired = This session has ended
close-page = You can close this page now.
return-to = Return to { $place }
returns-in = { $seconds ->
    [one] This page leads back to { $place } by itself in { $seconds } second.
   *[other] This page leads back to { $place } by itself in { $seconds } seconds.
}
stay = Stay on this page
stayed = You stay here. The button leads back to { $place }.
code = If the button does not work, use this completion code:
submit-and-finish = Submit and finish
reference = Your reference: { $reference }
withdraw-by = To ask about your data, or to withdraw them, write to { $contact } and give this reference.
keep-reference = Keep this reference if you may want to withdraw your data later.
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
answer-too-late = Your last answer came too late and could not be saved.
answers-stored = { $answers ->
    [one] { $answers } earlier answer is stored.
   *[other] { $answers } earlier answers are stored.
}
questions = Questions? Please write to { $contact }.

## The window and the device

needs-mouse = This study needs a mouse or a trackpad
open-on-computer = Please open the same link on a computer.
more-room = A little more room, please
window-least = The pictures need a window of at least { $least } pixels. Yours has { $size }.
enlarge = Make the window larger, or zoom out. The page goes on by itself, just where it was.
turn-upright = Please turn your phone upright. The page goes on by itself, just where it was.
turn-sideways = Please turn your phone sideways. The page goes on by itself, just where it was.
larger-screen = Please open the same link on a larger screen, such as a computer's.
keep-zoom = I enlarged the page to see well: go on
or-return = If you can't: please return the task on { $place }, so that somebody else can do it.

## Trouble

offline = You seem to be offline.
no-answer = The server is not answering just now.
not-saved = Your answer is not saved yet. It is kept here and sent by itself: please leave this page open.
trying = Trying again by itself…
being-saved = Your answer is being saved…
answer-unchanged = An answer cannot be changed.
nothing-changed = Nothing is changed.
back-leaves = Go back once more to leave the page; the same link leads here again.
fault = Something went wrong
fault-answer = The answer could not be taken. Please load the page again.
fault-unsaved = The page stopped by a fault of its own. Your last answer is not saved yet: it is kept in this tab, and sent when you load the page again.
fault-saved = The page stopped by a fault of its own. What you answered is stored.

## What the host refuses: `refused-CODE` is the title, `why-KEY` says more

refused-unknown_study = There is no such study
refused-study_paused = The study is paused
refused-study_closed = The study has ended
refused-study_full = The study is full
refused-not_eligible = This study is not open to you
refused-already_took = You have taken part already
refused-in_use = This study is open elsewhere
refused-ended = This session has ended
check-link = Please check that the link is whole, as it was given to you.
why-unknown_study = There is no such study here.
why-study_paused = This study is paused at the moment. Please try again later.
why-study_closed = This study has ended. Thank you for your interest.
why-study_full = This study has all the participants it needs. Thank you!
why-wrong_link = This study does not take part over this link.
why-invalid_key = This link is not valid.
why-related_study = You have taken part in a related study before, so you can't take part in this one.
why-other_submission = You have taken part in this study before, under another submission. Please return this one. If you can't hand in the other one any more, write to the researchers.
why-in_use = { $minutes ->
    [one] This study is under way in another window, under another submission. Please go on there. If that window is closed, you can go on here in { $minutes } minute.
   *[other] This study is under way in another window, under another submission. Please go on there. If that window is closed, you can go on here in { $minutes } minutes.
}
why-other_arrival = You have begun this study before, under another submission or in another browser. If that was you, you can go on where you were; this submission then counts.
why-ended = Too much time has passed to go on with this session.

## Texts of a study that brings none of its own (Markdown)

text-practice =
    # Practice

    First a few trials to practise. They do not count.
text-practice_again =
    # Once more

    Not every answer was right yet. Please practise once more.
text-half_way =
    # Half-way

    You have done half of this part.
text-phase_change =
    # Now it counts

    The next part begins.
text-declined =
    # Thank you

    You have decided not to take part. Nothing about you was stored.
text-screened_out =
    # Thank you

    This study is not a good match this time. Thank you for your interest.
text-timed_out =
    # This session has ended

    Too much time has passed to go on with it.
text-returned =
    # This session has ended

    The study was returned.
text-withdrawn =
    # You have withdrawn

    You do not take part any more. What was stored of your participation was deleted.
text-expired =
    # This session has ended

    Its answers were kept for as long as was agreed, and then deleted.
text-completed =
    # Thank you

    All your answers are stored.
text-paid_already =
    # You have taken part before

    Your participation in this study is accepted already, and it is paid once. Please return this new submission: there is nothing more to do in it.
text-mturk_preview =
    # Preview

    Accept the HIT to take part.
