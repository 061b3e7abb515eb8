### Arabic

loading = جارٍ التحميل…
needs-javascript = تحتاج هذه الدراسة إلى JavaScript. يُرجى تفعيله في المتصفح ثم إعادة تحميل الصفحة.
not-started = لم تبدأ الصفحة بعد. يُرجى إعادة تحميلها. إن لم يفد ذلك، فأوقف مانع الإعلانات لهذه الصفحة أو استخدم متصفحًا آخر.
progress = التقدّم
pictures = الصور
contact = للتواصل: { $contact }
copy = نسخ
copied = تم النسخ

screen-preview = معاينة
screen-consent = قبل البدء
screen-instructions = التعليمات
screen-questions_before = بعض الأسئلة
screen-questions_after = بعض الأسئلة
screen-comprehension = بعض الأسئلة
screen-calibration = الشاشة والمسافة
screen-trials = الصور
screen-feedback = ملاحظاتك
screen-debrief = عن هذه الدراسة
screen-end = النهاية
screen-ready = جاهز

agree = أوافق، ابدأ
do-not-agree = لا أوافق
back = السابق
next = التالي
have-read = قرأت ذلك
continue = متابعة
finish = إنهاء
start = ابدأ
go-on = استئناف
try-again = حاول مرة أخرى
load-again = إعادة تحميل الصفحة

about-minutes = { $minutes ->
    [one] نحو دقيقة واحدة
    [two] نحو دقيقتين
    [few] نحو { $minutes } دقائق
    [many] نحو { $minutes } دقيقة
   *[other] نحو { $minutes } دقيقة
}
page-of = صفحة { $at } من { $of }
read-and-answer = يُرجى الإجابة بحسب ما قرأت.
answer-all = يُرجى الإجابة عن كل الأسئلة.
optional = (اختياري)
answer-marked = يُرجى مراجعة الإجابات المحددة.
answer-needed = يُرجى الإجابة عن هذا السؤال.
row-needed = يُرجى الإجابة في كل صف.
answer-again = يُرجى مراجعة هذه الإجابة.
number-needed = أدخل رقمًا.
number-between = أدخل رقمًا من { $min } إلى { $max }.
number-from = أدخل رقمًا لا يقل عن { $min }.
number-to = أدخل رقمًا لا يزيد على { $max }.
not-answered = لم تتم الإجابة بعد
tries-left = { $tries ->
    [one] لم تكن كل الإجابات صحيحة. بقيت لك محاولة واحدة.
    [two] لم تكن كل الإجابات صحيحة. بقيت لك محاولتان.
    [few] لم تكن كل الإجابات صحيحة. بقيت لك { $tries } محاولات.
   *[other] لم تكن كل الإجابات صحيحة. بقيت لك { $tries } محاولة.
}
read-again = قراءة التعليمات مرة أخرى
check-answers = تحقّق من إجاباتي
back-to-questions = العودة إلى الأسئلة
preview-note = هذه معاينة. اقبل المهمة للمشاركة.
getting-ready = يجري تجهيز الصور
loading-pictures = يجري تحميل الصور
done-of = { $done } من { $of }
pictures-missing = لم تصل بعض الصور
pictures-missing-count = تعذّر تحميل { $missing } من { $of }. لم يُفقد شيء.
ready = عندما تكون مستعدًا
ready-text = تم تحميل الصور. اضغط الزر للبدء.
fills-screen = ستملأ الصفحة شاشتك. اضغط Esc للخروج في أي وقت.
left-fullscreen = خرجت الصفحة من وضع ملء الشاشة.
to-fullscreen = العودة إلى ملء الشاشة

welcome-back = أهلًا بعودتك
where-stopped = ستتابع من حيث توقفت تمامًا.
kept-answer = لم تصلنا إجابتك الأخيرة بعد. حُفظت هنا وستُرسل عندما تتابع.
other-tab = تمت الإجابة في علامة تبويب أخرى
other-tab-text = هذه الدراسة مفتوحة أيضًا في علامة تبويب أو نافذة أخرى. أُجيب عن الصورة هناك، وتلك الإجابة هي المعتمدة. يُرجى إغلاق الأخرى والمتابعة هنا.
begun-before = هل بدأت هذه الدراسة من قبل؟
if-not-you = إن لم تكن أنت، فيُرجى إغلاق هذه الصفحة.
was-me = كنت أنا، متابعة
who-is-there = من هناك؟
session-begun-here = بدأت على هذا الحاسوب جلسة لم تنتهِ.
go-on-with-it = متابعتها
i-am-new = أنا شخص آخر
goes-on-here = تتابع الجلسة التي بدأت في هذا المتصفح.
not-you = لست أنت؟ ابدأ جلسة جديدة
next-person = جاهز للشخص التالي

card-title = ما حجم شاشتك؟
card-text = ضع بطاقة مصرفية أو بطاقة هوية على الشاشة. حرّك المنزلقة حتى يصبح للبطاقة المرسومة الحجم نفسه تمامًا.
card-slider = حجم البطاقة المرسومة
card-fits = الحجم متطابق
distance-title = كم تبعد عن الشاشة؟
distance-keep = يُرجى الجلوس بحيث تبعد عيناك { $distance } سم عن الشاشة. حافظ على هذه المسافة.
distance-text = اجلس براحة وغطِّ عينك اليمنى. انظر طوال الوقت إلى المربع الأسود بعينك اليسرى. تتحرك نقطة حمراء إلى اليسار. اضغط الزر أو مفتاح المسافة عندما تختفي النقطة.
dot-gone = اختفت النقطة
distance-enter = إدخال المسافة
distance-label = أدخل المسافة من عينيك إلى الشاشة بالسنتيمتر.
distance-range = يُرجى إدخال عدد من { $least } إلى { $most }.

classify = صنّف الصورة
picture-to-classify = الصورة المطلوب تصنيفها
classes = الأصناف
what-is-it = ما هذا؟
most-likely = { $rank ->
    [1] ما الأرجح؟
    [2] وما الثاني؟
    [3] وما الثالث؟
   *[other] وما الذي في المرتبة { $rank }؟
}
rank = { $rank }
ranked = ، المرتبة { $rank }
submit-or-change = أرسل الترتيب أو غيّره
submit = إرسال
undo = تراجع
keys-choose = المفاتيح: { $keys } للاختيار
keys-rank = المفاتيح: { $keys } للترتيب، Backspace للتراجع، Enter للإرسال
correct-it-is = صحيح: { $label }
it-is = هذا: { $label }
not-correct-it-is = غير صحيح. هذا: { $label }
explanation-grid = هذه الصور تنتمي معًا
explanation-mask = انظر إلى المنطقة المضيئة

look = انظر إلى الصور…
which-fits = أي صورة في الوسط تناسب الأمثلة على اليمين أكثر؟
negative-examples = أمثلة سلبية
positive-examples = أمثلة إيجابية
upper-picture = الصورة العليا
lower-picture = الصورة السفلى
numbered = { $name }، { $number }
not-sure = غير متأكد
fairly-sure = متأكد إلى حد ما
very-sure = متأكد جدًا
upper-sure = { $level }: الصورة العليا، { $word }
lower-sure = { $level }: الصورة السفلى، { $word }
how-sure = ما مدى تأكدك؟
pick-first = اختر صورة أولًا بالمفتاح ↑ أو ↓
press-number = اضغط الآن 1 أو 2 أو 3: ما مدى تأكدك؟
picked = { $name }. اضغط 1 أو 2 أو 3.
keys-pick = المفاتيح: ↑ أو ↓ لاختيار صورة، ثم 1 أو 2 أو 3
correct-count = { $of ->
    [0] الصحيحة: 0
   *[other] الصحيحة: { $correct } من { $of }
}
correct = صحيح
other-fits = غير صحيح: الصورة الأخرى أنسب

which-odd = أي صورة لا تنتمي إلى الصور الأخرى؟
picture-number = الصورة { $number }
odd-is = غير صحيح: الصورة { $number } لا تنتمي إلى الصور الأخرى
choice-left = اليسار
choice-right = اليمين
choice-first = الأولى
choice-second = الثانية
not-correct-it-was = غير صحيح: الإجابة هي { $answer }
it-was-number = الإجابة هي { $answer }
your-answer = إجابتك
enter-whole = يُرجى إدخال عدد صحيح من { $least } إلى { $most }.
enter-steps = يُرجى إدخال عدد من { $least } إلى { $most } بخطوات مقدارها { $step }.
choose-on-line = يُرجى اختيار موضع على الخط.

## Pointing to a word in a picture

point-area = الصورة. حرّك الحلقة بمفاتيح الأسهم ثم اضغط Enter.
not-there = غير موجود
not-correct-here = غير صحيح: إنه داخل الإطار
not-correct-absent = غير صحيح: إنه غير موجود

## Describing a picture

longer-sentence = يُرجى كتابة جملة أطول.
choose-word = يُرجى اختيار كلمة واحدة على الأقل.
too-slow = انتهى الوقت

thoughts-label = ملاحظاتك (اختياري)
got-right = الإجابات الصحيحة
score-of = { $correct } من { $of }

outcome-completed = شكرًا، لقد انتهيت
outcome-declined = اخترت عدم المشاركة
outcome-screened_out = تنتهي الدراسة هنا
outcome-timed_out = انتهى وقت هذه الجلسة
outcome-returned = أُعيدت هذه الجلسة
outcome-withdrawn = لقد انسحبت من هذه الدراسة
outcome-expired = انتهت هذه الجلسة
close-page = يمكنك الآن إغلاق هذه الصفحة.
return-to = العودة إلى { $place }
returns-in = { $seconds ->
    [one] ستعود إلى { $place } تلقائيًا بعد ثانية واحدة.
    [two] ستعود إلى { $place } تلقائيًا بعد ثانيتين.
    [few] ستعود إلى { $place } تلقائيًا بعد { $seconds } ثوانٍ.
   *[other] ستعود إلى { $place } تلقائيًا بعد { $seconds } ثانية.
}
stay = البقاء في هذه الصفحة
stayed = ستبقى هنا. يعيدك الزر إلى { $place }.
code = إن لم يعمل الزر، فاستخدم رمز الإكمال هذا:
code-at = أدخل رمز الإكمال هذا على { $place }:
code-alone = انسخ رمز الإكمال هذا وأدخله في الموقع الذي أتيت منه:
submit-and-finish = إرسال وإنهاء
reference = رقمك المرجعي: { $reference }
withdraw-by = للسؤال عن بياناتك أو سحبها، اكتب إلى { $contact } واذكر هذا الرقم.
keep-reference = احتفظ بهذا الرقم إن كنت قد ترغب لاحقًا في سحب بياناتك.
next-part = للدراسة جزء آخر
next-part-window = يمكنك بدء الجزء { $part } من { DATETIME($opens, dateStyle: "long", timeStyle: "short") } إلى { DATETIME($closes, dateStyle: "long", timeStyle: "short") }.
next-part-invited = يرجى ترقب الدعوة في المكان الذي وجدت فيه هذه الدراسة.
next-part-link = يرجى الاحتفاظ بهذا الرابط. إنه لك وحدك.
open-part = فتح الجزء { $part }
add-to-calendar = إضافة إلى التقويم
duration-seconds = { $number ->
    [one] ثانية واحدة
    [two] ثانيتان
    [few] { $number } ثوانٍ
   *[other] { $number } ثانية
}
duration-minutes = { $number ->
    [one] دقيقة واحدة
    [two] دقيقتان
    [few] { $number } دقائق
   *[other] { $number } دقيقة
}
duration-hours = { $number ->
    [one] ساعة واحدة
    [two] ساعتان
    [few] { $number } ساعات
   *[other] { $number } ساعة
}
break-limit = أقصى مدة للاستراحة في هذه الدراسة: { $duration }.
answer-too-late = وصلت إجابتك الأخيرة متأخرة ولم يمكن حفظها.
answers-stored = عدد الإجابات السابقة المحفوظة: { $answers }.
questions = هل لديك أسئلة؟ اكتب إلى { $contact }.

needs-mouse = تحتاج هذه الدراسة إلى فأرة أو لوحة لمس
open-on-computer = يُرجى فتح الرابط نفسه على حاسوب.
more-room = مساحة أكبر قليلًا، من فضلك
window-least = تحتاج الصور إلى نافذة لا تقل عن { $least } بكسل. نافذتك { $size }.
enlarge = كبّر النافذة أو صغّر العرض. ستتابع الصفحة تلقائيًا من حيث كانت.
turn-upright = يُرجى إمساك الهاتف عموديًا. ستتابع الصفحة تلقائيًا من حيث كانت.
turn-sideways = يُرجى تدوير الهاتف أفقيًا. ستتابع الصفحة تلقائيًا من حيث كانت.
larger-screen = يُرجى فتح الرابط نفسه على شاشة أكبر، كشاشة حاسوب.
keep-zoom = كبّرت الصفحة لأرى جيدًا: متابعة
or-return = إن تعذّر ذلك: يُرجى إعادة المهمة في { $place } ليؤديها شخص آخر.

offline = يبدو أنك غير متصل.
no-answer = الخادم لا يستجيب حاليًا.
not-saved = لم تُحفظ إجابتك بعد. هي محفوظة هنا وستُرسل تلقائيًا: يُرجى ترك هذه الصفحة مفتوحة.
trying = تجري المحاولة مجددًا تلقائيًا…
being-saved = يجري حفظ إجابتك…
answer-unchanged = لا يمكن تغيير الإجابة.
nothing-changed = لم يتغير شيء.
back-leaves = ارجع مرة أخرى لمغادرة الصفحة؛ يعيدك الرابط نفسه إلى هنا.
fault = حدث خطأ ما
fault-answer = تعذّر قبول الإجابة. يُرجى إعادة تحميل الصفحة.
fault-unsaved = توقفت الصفحة بسبب خطأ فيها. لم تُحفظ إجابتك الأخيرة بعد: هي محفوظة في علامة التبويب هذه وستُرسل عند إعادة تحميل الصفحة.
fault-saved = توقفت الصفحة بسبب خطأ فيها. ما أجبت به محفوظ.

refused-unknown_study = لا توجد دراسة كهذه
refused-study_early = لم تُفتح الدراسة بعد
refused-study_paused = الدراسة متوقفة مؤقتًا
refused-study_closed = انتهت الدراسة
refused-study_full = اكتمل عدد المشاركين
refused-not_eligible = هذه الدراسة غير متاحة لك
refused-already_took = لقد شاركت من قبل
refused-in_use = هذه الدراسة مفتوحة في مكان آخر
refused-part_unknown = هذا جزء لاحق من دراسة
refused-part_early = هذا الجزء لم يُفتح بعد
refused-part_late = هذا الجزء مغلق
refused-ended = انتهت هذه الجلسة
check-link = يُرجى التحقق من أن الرابط كامل كما أُعطي لك.
why-unknown_study = لا توجد هنا دراسة كهذه.
why-study_early = تُفتح هذه الدراسة في { DATETIME($at, dateStyle: "long", timeStyle: "short") }. يرجى العودة حينها.
why-study_paused = هذه الدراسة متوقفة حاليًا. يُرجى المحاولة لاحقًا.
why-study_closed = انتهت هذه الدراسة. شكرًا لاهتمامك.
why-study_full = لدى هذه الدراسة كل من تحتاج إليهم من المشاركين. شكرًا!
why-wrong_link = لا يمكن المشاركة في هذه الدراسة عبر هذا الرابط.
why-invalid_key = هذا الرابط غير صالح.
why-related_study = شاركت من قبل في دراسة ذات صلة، لذا لا يمكنك المشاركة في هذه.
why-other_submission = شاركت في هذه الدراسة من قبل بتسليم آخر. يُرجى إعادة هذا التسليم. وإن لم تعد تستطيع تسليم الآخر، فاكتب إلى الباحثين.
why-in_use = { $minutes ->
    [one] هذه الدراسة جارية في نافذة أخرى بتسليم آخر. يُرجى المتابعة هناك. وإن كانت تلك النافذة مغلقة، يمكنك المتابعة هنا بعد دقيقة واحدة.
    [two] هذه الدراسة جارية في نافذة أخرى بتسليم آخر. يُرجى المتابعة هناك. وإن كانت تلك النافذة مغلقة، يمكنك المتابعة هنا بعد دقيقتين.
    [few] هذه الدراسة جارية في نافذة أخرى بتسليم آخر. يُرجى المتابعة هناك. وإن كانت تلك النافذة مغلقة، يمكنك المتابعة هنا بعد { $minutes } دقائق.
   *[other] هذه الدراسة جارية في نافذة أخرى بتسليم آخر. يُرجى المتابعة هناك. وإن كانت تلك النافذة مغلقة، يمكنك المتابعة هنا بعد { $minutes } دقيقة.
}
why-other_arrival = بدأت هذه الدراسة من قبل بتسليم آخر أو في متصفح آخر. إن كنت أنت، يمكنك المتابعة من حيث كنت؛ وعندها يُعتمد هذا التسليم.
why-part_unknown = يؤدي هذا الرابط إلى جزء لاحق من دراسة. لم نجد جزءًا أول أكملته. يرجى استخدام الرابط أو الحساب الذي شاركت به في الجزء الأول.
why-part_early = يمكنك بدء هذا الجزء ابتداءً من { DATETIME($at, dateStyle: "long", timeStyle: "short") }. يرجى العودة حينها.
why-part_late = كان بإمكانك بدء هذا الجزء حتى { DATETIME($at, dateStyle: "long", timeStyle: "short") }. وهو مغلق الآن. شكرًا لعودتك.
why-ended = مضى وقت طويل ولا يمكن متابعة هذه الجلسة.

text-practice =
    # تدريب

    أولًا بضع محاولات للتدريب. لا تُحتسب.
text-practice_again =
    # مرة أخرى

    لم تكن كل الإجابات صحيحة بعد. يُرجى التدرب مرة أخرى.
text-half_way =
    # منتصف الطريق

    أنجزت نصف هذا الجزء.
text-phase_change =
    # الآن يُحتسب

    يبدأ الجزء التالي.
text-declined =
    # شكرًا

    قررت عدم المشاركة. لم يُحفظ شيء عنك.
text-screened_out =
    # شكرًا

    هذه الدراسة غير مناسبة هذه المرة. شكرًا لاهتمامك.
text-timed_out =
    # انتهت هذه الجلسة

    مضى وقت طويل ولا يمكن متابعتها.
text-returned =
    # انتهت هذه الجلسة

    أُعيدت الدراسة.
text-withdrawn =
    # لقد انسحبت

    لم تعد مشاركًا. حُذف ما كان محفوظًا من مشاركتك.
text-expired =
    # انتهت هذه الجلسة

    حُفظت الإجابات المدة المتفق عليها ثم حُذفت.
text-completed =
    # شكرًا

    كل إجاباتك محفوظة.
text-paid_already =
    # لقد شاركت من قبل

    قُبلت مشاركتك في هذه الدراسة من قبل، ويُدفع عنها مرة واحدة. يُرجى إعادة هذا التسليم الجديد: لم يبق فيه ما يُفعل.
text-mturk_preview =
    # معاينة

    اقبل مهمة HIT للمشاركة.
