### Hebrew

loading = בטעינה…
needs-javascript = המחקר הזה דורש JavaScript. נא להפעיל אותו בדפדפן ולטעון את הדף מחדש.
not-started = הדף עדיין לא התחיל. נא לטעון אותו מחדש. אם זה לא עוזר, נא לכבות חוסמי פרסומות בדף הזה או להשתמש בדפדפן אחר.
progress = התקדמות
pictures = תמונות
contact = ליצירת קשר: { $contact }
copy = העתקה
copied = הועתק

screen-preview = תצוגה מקדימה
screen-consent = לפני שמתחילים
screen-instructions = הוראות
screen-questions_before = כמה שאלות
screen-questions_after = כמה שאלות
screen-comprehension = כמה שאלות
screen-calibration = מסך ומרחק
screen-trials = תמונות
screen-feedback = המחשבות שלך
screen-debrief = על המחקר הזה
screen-end = סיום
screen-ready = הכול מוכן

agree = אני מסכים/ה, להתחיל
do-not-agree = איני מסכים/ה
back = הקודם
next = הבא
have-read = קראתי
continue = המשך
finish = סיום
start = התחלה
go-on = להמשיך
try-again = ניסיון נוסף
load-again = טעינת הדף מחדש

about-minutes = { $minutes ->
    [one] כדקה אחת
    [two] כשתי דקות
   *[other] כ־{ $minutes } דקות
}
page-of = עמוד { $at } מתוך { $of }
read-and-answer = נא לענות לפי מה שקראת.
answer-all = נא לענות על כל השאלות.
optional = (רשות)
answer-marked = יש לבדוק את התשובות המסומנות.
answer-needed = יש לענות על השאלה הזו.
row-needed = יש לענות בכל שורה.
answer-again = יש לבדוק את התשובה הזו.
number-needed = יש להזין מספר.
number-between = יש להזין מספר בין { $min } ל־{ $max }.
number-from = יש להזין מספר שאינו קטן מ־{ $min }.
number-to = יש להזין מספר שאינו גדול מ־{ $max }.
not-answered = עדיין ללא תשובה
tries-left = { $tries ->
    [one] לא כל התשובות היו נכונות. נותר ניסיון אחד.
    [two] לא כל התשובות היו נכונות. נותרו שני ניסיונות.
   *[other] לא כל התשובות היו נכונות. נותרו { $tries } ניסיונות.
}
read-again = לקרוא שוב את ההוראות
check-answers = בדיקת התשובות
back-to-questions = חזרה לשאלות
preview-note = זו תצוגה מקדימה. יש לקבל את המשימה כדי להשתתף.
getting-ready = התמונות בהכנה
loading-pictures = התמונות נטענות
done-of = { $done } מתוך { $of }
pictures-missing = חלק מהתמונות לא הגיעו
pictures-missing-count = לא ניתן היה לטעון { $missing } מתוך { $of }. דבר לא אבד.
ready = אפשר להתחיל
ready-text = התמונות נטענו. יש ללחוץ על הכפתור כדי להתחיל.
fills-screen = הדף ימלא את המסך. אפשר לצאת בכל רגע במקש Esc.
left-fullscreen = הדף יצא ממסך מלא.
to-fullscreen = חזרה למסך מלא

welcome-back = ברוך שובך
where-stopped = ממשיכים בדיוק מהמקום שבו הפסקת.
kept-answer = התשובה האחרונה שלך עדיין לא הגיעה אלינו. היא נשמרה כאן ותישלח כשתמשיכו.
other-tab = נענתה בלשונית אחרת
other-tab-text = המחקר פתוח גם בלשונית או בחלון אחר. התמונה נענתה שם, והתשובה ההיא קובעת. נא לסגור את האחר ולהמשיך כאן.
begun-before = האם כבר התחלת את המחקר הזה?
if-not-you = אם זה לא היית את/ה, נא לסגור את הדף.
was-me = זה הייתי אני, להמשיך
who-is-there = מי שם?
session-begun-here = במחשב הזה התחילה השתתפות שלא הסתיימה.
go-on-with-it = להמשיך בה
i-am-new = אני אדם אחר
goes-on-here = זהו המשך של ההשתתפות שהתחילה בדפדפן הזה.
not-you = זה לא את/ה? התחלה חדשה
next-person = מוכן לאדם הבא

card-title = מה גודל המסך שלך?
card-text = יש להצמיד למסך כרטיס בנק או תעודת זהות. יש להזיז את המחוון עד שהכרטיס המצויר יהיה בדיוק באותו גודל.
card-slider = גודל הכרטיס המצויר
card-fits = אותו גודל
distance-title = מה המרחק שלך מהמסך?
distance-keep = יש לשבת כך שהעיניים יהיו במרחק { $distance } ס״מ מהמסך, ולשמור על המרחק הזה.
distance-text = יש לשבת בנוחות ולכסות את עין ימין. יש להביט כל הזמן בריבוע השחור בעין שמאל. נקודה אדומה נעה שמאלה. יש ללחוץ על הכפתור או על מקש הרווח כשהנקודה נעלמת.
dot-gone = הנקודה נעלמה
distance-enter = הזנת המרחק
distance-label = יש להזין את המרחק מהעיניים למסך, בס״מ.
distance-range = יש להזין מספר מ־{ $least } עד { $most }.

classify = סיווג התמונה
picture-to-classify = התמונה לסיווג
classes = קבוצות
what-is-it = מה זה?
most-likely = { $rank ->
    [1] מה הכי סביר?
    [2] ומה במקום השני?
    [3] ומה במקום השלישי?
   *[other] ומה במקום { $rank }?
}
rank = { $rank }
ranked = , מקום { $rank }
submit-or-change = אפשר לשלוח או לשנות את הדירוג
submit = שליחה
undo = ביטול
keys-choose = מקשים: { $keys } לבחירה
keys-rank = מקשים: { $keys } לדירוג, Backspace לביטול, Enter לשליחה
correct-it-is = נכון: { $label }
it-is = זה: { $label }
not-correct-it-is = לא נכון. זה: { $label }
explanation-grid = התמונות האלה שייכות יחד
explanation-mask = נא להסתכל על האזור הבהיר

look = נא להסתכל על התמונות…
which-fits = איזו תמונה באמצע מתאימה יותר לדוגמאות מימין?
negative-examples = דוגמאות שליליות
positive-examples = דוגמאות חיוביות
upper-picture = התמונה העליונה
lower-picture = התמונה התחתונה
numbered = { $name }, { $number }
not-sure = לא בטוח
fairly-sure = די בטוח
very-sure = בטוח מאוד
upper-sure = { $level }: התמונה העליונה, { $word }
lower-sure = { $level }: התמונה התחתונה, { $word }
how-sure = באיזו מידה של ביטחון?
pick-first = קודם יש לבחור תמונה עם ↑ או ↓
press-number = עכשיו 1, 2 או 3: באיזו מידה של ביטחון?
picked = { $name }. יש ללחוץ 1, 2 או 3.
keys-pick = מקשים: ↑ או ↓ לבחירת תמונה, ואז 1, 2 או 3
correct-count = { $of ->
    [0] נכונות: 0
   *[other] נכונות: { $correct } מתוך { $of }
}
correct = נכון
other-fits = לא נכון: התמונה השנייה מתאימה יותר

which-odd = איזו תמונה אינה שייכת לתמונות האחרות?
picture-number = תמונה { $number }
odd-is = לא נכון: תמונה { $number } אינה שייכת לתמונות האחרות
choice-left = שמאל
choice-right = ימין
choice-first = ראשונה
choice-second = שנייה
not-correct-it-was = לא נכון: התשובה היא { $answer }
it-was-number = התשובה היא { $answer }
your-answer = התשובה שלך
enter-whole = נא להזין מספר שלם מ־{ $least } עד { $most }.
enter-steps = נא להזין מספר מ־{ $least } עד { $most }, בקפיצות של { $step }.
choose-on-line = נא לבחור מקום על הקו.

## Pointing to a word in a picture

point-area = התמונה. הזיזו את הטבעת במקשי החצים והקישו Enter.
not-there = לא נמצא
not-correct-here = לא נכון: זה בתוך המסגרת
not-correct-absent = לא נכון: זה לא נמצא בתמונה

## Describing a picture

longer-sentence = נא לכתוב משפט ארוך יותר.
choose-word = נא לבחור לפחות מילה אחת.
too-slow = לאט מדי

thoughts-label = המחשבות שלך (לא חובה)
got-right = תשובות נכונות
score-of = { $correct } מתוך { $of }

outcome-completed = תודה, סיימת
outcome-declined = בחרת לא להשתתף
outcome-screened_out = המחקר מסתיים כאן
outcome-timed_out = הזמן להשתתפות הזאת נגמר
outcome-returned = ההשתתפות הזאת הוחזרה
outcome-withdrawn = פרשת מהמחקר הזה
outcome-expired = ההשתתפות הזאת הסתיימה
close-page = אפשר לסגור את הדף.
return-to = חזרה אל { $place }
returns-in = { $seconds ->
    [one] חזרה אוטומטית אל { $place } בעוד שנייה אחת.
    [two] חזרה אוטומטית אל { $place } בעוד שתי שניות.
   *[other] חזרה אוטומטית אל { $place } בעוד { $seconds } שניות.
}
stay = להישאר בדף
stayed = נשארים כאן. הכפתור מחזיר אל { $place }.
code = אם הכפתור אינו פועל, אפשר להשתמש בקוד הסיום הזה:
code-at = יש להזין את קוד הסיום הזה ב־{ $place }:
code-alone = יש להזין את קוד הסיום הזה בדף שממנו הגעת:
submit-and-finish = הגשה וסיום
reference = מספר הזיהוי שלך: { $reference }
withdraw-by = כדי לשאול על הנתונים שלך או למשוך אותם, נא לכתוב אל { $contact } ולציין את המספר הזה.
keep-reference = כדאי לשמור את המספר הזה למקרה שתרצו בעתיד למשוך את הנתונים.
next-part = למחקר יש חלק נוסף
next-part-window = אפשר להתחיל את חלק { $part } מ־{ DATETIME($opens, dateStyle: "long", timeStyle: "short") } עד { DATETIME($closes, dateStyle: "long", timeStyle: "short") }.
next-part-invited = נא לחפש את ההזמנה במקום שבו מצאת את המחקר.
next-part-link = נא לשמור את הקישור הזה. הוא רק בשבילך.
open-part = פתיחת חלק { $part }
add-to-calendar = הוספה ליומן
duration-seconds = { $number ->
    [one] שנייה אחת
    [two] שתי שניות
   *[other] { $number } שניות
}
duration-minutes = { $number ->
    [one] דקה אחת
    [two] שתי דקות
   *[other] { $number } דקות
}
duration-hours = { $number ->
    [one] שעה אחת
    [two] שעתיים
   *[other] { $number } שעות
}
break-limit = הפסקה במחקר הזה יכולה להימשך עד { $duration }.
answer-too-late = התשובה האחרונה שלך הגיעה מאוחר מדי ולא ניתן היה לשמור אותה.
answers-stored = { $answers ->
    [one] תשובה קודמת אחת שמורה.
    [two] שתי תשובות קודמות שמורות.
   *[other] { $answers } תשובות קודמות שמורות.
}
questions = שאלות? נא לכתוב אל { $contact }.

needs-mouse = המחקר הזה דורש עכבר או משטח מגע
open-on-computer = נא לפתוח את אותו קישור במחשב.
more-room = צריך עוד קצת מקום
window-least = התמונות צריכות חלון של { $least } פיקסלים לפחות. החלון שלך הוא { $size }.
enlarge = נא להגדיל את החלון או להקטין את התצוגה. הדף ימשיך מעצמו בדיוק מהמקום שבו היה.
turn-upright = נא להחזיק את הטלפון לאורך. הדף ימשיך מעצמו בדיוק מהמקום שבו היה.
turn-sideways = נא לסובב את הטלפון לרוחב. הדף ימשיך מעצמו בדיוק מהמקום שבו היה.
larger-screen = נא לפתוח את אותו קישור במסך גדול יותר, כמו של מחשב.
keep-zoom = הגדלתי את הדף כדי לראות היטב: להמשיך
or-return = אם אי אפשר: נא להחזיר את המשימה ב־{ $place }, כדי שמישהו אחר יוכל לבצע אותה.

offline = נראה שאין חיבור לרשת.
no-answer = השרת אינו עונה כרגע.
not-saved = התשובה שלך עדיין לא נשמרה. היא שמורה כאן ותישלח מעצמה: נא להשאיר את הדף פתוח.
trying = מנסים שוב…
being-saved = התשובה שלך נשמרת…
answer-unchanged = אי אפשר לשנות תשובה.
nothing-changed = דבר לא השתנה.
back-leaves = חזרה נוספת תוציא מהדף; אותו קישור יחזיר לכאן.
fault = משהו השתבש
fault-answer = לא ניתן היה לקבל את התשובה. נא לטעון את הדף מחדש.
fault-unsaved = הדף נעצר בגלל תקלה שלו. התשובה האחרונה שלך עדיין לא נשמרה: היא שמורה בלשונית הזאת ותישלח כשהדף ייטען מחדש.
fault-saved = הדף נעצר בגלל תקלה שלו. מה שענית נשמר.

refused-unknown_study = אין מחקר כזה
refused-study_early = המחקר עדיין לא פתוח
refused-study_paused = המחקר מושהה
refused-study_closed = המחקר הסתיים
refused-study_full = המחקר מלא
refused-not_eligible = המחקר הזה אינו פתוח בפניך
refused-already_took = כבר השתתפת
refused-in_use = המחקר פתוח במקום אחר
refused-part_unknown = זהו חלק מאוחר של מחקר
refused-part_early = החלק הזה עדיין לא פתוח
refused-part_late = החלק הזה סגור
refused-ended = ההשתתפות הזאת הסתיימה
check-link = נא לבדוק שהקישור שלם, כפי שניתן לך.
why-unknown_study = אין כאן מחקר כזה.
why-study_early = המחקר הזה ייפתח ב־{ DATETIME($at, dateStyle: "long", timeStyle: "short") }. נא לחזור אז.
why-study_paused = המחקר מושהה כרגע. נא לנסות שוב מאוחר יותר.
why-study_closed = המחקר הסתיים. תודה על ההתעניינות.
why-study_full = במחקר יש כבר כל המשתתפים הדרושים. תודה!
why-wrong_link = אי אפשר להשתתף במחקר הזה דרך הקישור הזה.
why-invalid_key = הקישור אינו תקף.
why-related_study = השתתפת כבר במחקר קשור, ולכן אי אפשר להשתתף בזה.
why-other_submission = השתתפת כבר במחקר הזה, בהגשה אחרת. נא להחזיר את ההגשה הזאת. אם אי אפשר עוד להגיש את האחרת, נא לכתוב לחוקרים.
why-in_use = { $minutes ->
    [one] המחקר מתנהל בחלון אחר, בהגשה אחרת. נא להמשיך שם. אם החלון ההוא סגור, אפשר יהיה להמשיך כאן בעוד דקה אחת.
    [two] המחקר מתנהל בחלון אחר, בהגשה אחרת. נא להמשיך שם. אם החלון ההוא סגור, אפשר יהיה להמשיך כאן בעוד שתי דקות.
   *[other] המחקר מתנהל בחלון אחר, בהגשה אחרת. נא להמשיך שם. אם החלון ההוא סגור, אפשר יהיה להמשיך כאן בעוד { $minutes } דקות.
}
why-other_arrival = התחלת כבר את המחקר הזה, בהגשה אחרת או בדפדפן אחר. אם זה היית את/ה, אפשר להמשיך מאותו מקום; אז קובעת ההגשה הזאת.
why-part_unknown = הקישור הזה מוביל לחלק מאוחר של מחקר. לא מצאנו חלק ראשון שהשלמת. יש להשתמש בקישור או בחשבון שאיתו השתתפת בחלק הראשון.
why-part_early = אפשר להתחיל את החלק הזה מ־{ DATETIME($at, dateStyle: "long", timeStyle: "short") }. נא לחזור אז.
why-part_late = אפשר היה להתחיל את החלק הזה עד { DATETIME($at, dateStyle: "long", timeStyle: "short") }. הוא סגור עכשיו. תודה שחזרת.
why-ended = עבר זמן רב מדי ואי אפשר להמשיך בהשתתפות הזאת.

text-practice =
    # תרגול

    תחילה כמה ניסיונות לתרגול. הם אינם נספרים.
text-practice_again =
    # פעם נוספת

    עדיין לא כל התשובות היו נכונות. נא לתרגל פעם נוספת.
text-half_way =
    # באמצע הדרך

    סיימת חצי מהחלק הזה.
text-phase_change =
    # עכשיו זה נחשב

    החלק הבא מתחיל.
text-declined =
    # תודה

    החלטת לא להשתתף. דבר לא נשמר עליך.
text-screened_out =
    # תודה

    המחקר אינו מתאים הפעם. תודה על ההתעניינות.
text-timed_out =
    # ההשתתפות הזאת הסתיימה

    עבר זמן רב מדי ואי אפשר להמשיך בה.
text-returned =
    # ההשתתפות הזאת הסתיימה

    המחקר הוחזר.
text-withdrawn =
    # פרשת מהמחקר

    אינך משתתף/ת עוד. מה שנשמר מההשתתפות שלך נמחק.
text-expired =
    # ההשתתפות הזאת הסתיימה

    התשובות נשמרו למשך הזמן שסוכם, ואז נמחקו.
text-completed =
    # תודה

    כל התשובות שלך נשמרו.
text-paid_already =
    # כבר השתתפת

    ההשתתפות שלך במחקר כבר אושרה, והיא משולמת פעם אחת. נא להחזיר את ההגשה החדשה: אין בה עוד מה לעשות.
text-mturk_preview =
    # תצוגה מקדימה

    יש לקבל את ה־HIT כדי להשתתף.
