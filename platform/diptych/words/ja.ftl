### Japanese

loading = 読み込み中…
needs-javascript = この調査には JavaScript が必要です。ブラウザで有効にして、ページを再読み込みしてください。
not-started = ページがまだ起動していません。再読み込みしてください。それでも動かない場合は、このページで広告ブロックを切るか、別のブラウザを使ってください。
progress = 進み具合
pictures = 画像
contact = 連絡先：{ $contact }
copy = コピー
copied = コピーしました

screen-preview = プレビュー
screen-consent = はじめる前に
screen-instructions = 説明
screen-questions_before = いくつかの質問
screen-questions_after = いくつかの質問
screen-comprehension = 確認の質問
screen-calibration = 画面と距離
screen-trials = 画像
screen-feedback = ご感想
screen-debrief = この調査について
screen-end = 終わり
screen-ready = 準備完了

agree = 同意してはじめる
do-not-agree = 同意しない
back = 戻る
next = 次へ
have-read = 読みました
continue = 続ける
finish = 完了
start = はじめる
go-on = 再開する
try-again = もう一度試す
load-again = ページを再読み込み

about-minutes = 約 { $minutes } 分
page-of = { $of } ページ中 { $at } ページ
read-and-answer = 読んだ内容にもとづいて答えてください。
answer-all = すべての質問に答えてください。
optional = （任意）
answer-marked = 印の付いた回答を確認してください。
answer-needed = この質問に答えてください。
row-needed = すべての行に答えてください。
answer-again = この回答を確認してください。
number-needed = 数を入力してください。
number-between = { $min } から { $max } までの数を入力してください。
number-from = { $min } 以上の数を入力してください。
number-to = { $max } 以下の数を入力してください。
not-answered = 未回答
tries-left = 正しくない答えがありました。あと { $tries } 回答えられます。
read-again = 説明をもう一度読む
check-answers = 答えを確認する
back-to-questions = 質問に戻る
preview-note = これはプレビューです。参加するにはタスクを受けてください。
getting-ready = 画像を準備しています
loading-pictures = 画像を読み込んでいます
done-of = { $done } / { $of }
pictures-missing = 届かなかった画像があります
pictures-missing-count = { $of } 枚のうち { $missing } 枚を読み込めませんでした。失われたものはありません。
ready = 準備ができたらはじめてください
ready-text = 画像の読み込みが終わりました。ボタンを押すとはじまります。
fills-screen = ページが画面いっぱいに表示されます。Esc キーでいつでも元に戻せます。
left-fullscreen = 全画面表示が終わりました。
to-fullscreen = 全画面に戻る

welcome-back = おかえりなさい
where-stopped = 前回の続きからはじまります。
kept-answer = 最後の答えがまだ届いていません。ここに保存してあり、再開すると送信されます。
other-tab = 別のタブで回答済みです
other-tab-text = この調査は別のタブかウィンドウでも開いています。この画像はそちらで回答され、その答えが有効です。そちらを閉じて、ここで続けてください。
begun-before = この調査を前にはじめましたか？
if-not-you = ご自身でない場合は、このページを閉じてください。
was-me = 自分です。続ける
who-is-there = どなたですか？
session-begun-here = このコンピューターで始められ、終わっていない回があります。
go-on-with-it = それを続ける
i-am-new = はじめてです
goes-on-here = このブラウザではじめた回の続きです。
not-you = ご自身ではありませんか？新しくはじめる
next-person = 次の方の準備ができました

card-title = 画面の大きさはどのくらいですか
card-text = 銀行カードや身分証明カードを画面に当ててください。描かれたカードがちょうど同じ大きさになるまで、つまみを動かしてください。
card-slider = 描かれたカードの大きさ
card-fits = 同じ大きさになりました
distance-title = 画面からどのくらい離れていますか
distance-keep = 目が画面から { $distance } cm 離れるように座り、その距離を保ってください。
distance-text = 楽な姿勢で座り、右目を覆ってください。左目でずっと黒い四角を見てください。赤い点が左へ動きます。点が見えなくなったら、ボタンまたはスペースキーを押してください。
dot-gone = 点が消えました
distance-enter = 距離を入力する
distance-label = 目から画面までの距離を cm で入力してください。
distance-range = { $least } から { $most } までの数を入力してください。

classify = 画像を分類する
picture-to-classify = 分類する画像
classes = 種類
what-is-it = これは何ですか？
most-likely = { $rank ->
    [1] いちばん可能性が高いのは？
   *[other] { $rank } 番目に可能性が高いのは？
}
rank = { $rank } 位
ranked = 、{ $rank }
submit-or-change = 送信するか、順位を変えてください
submit = 送信
undo = 取り消す
keys-choose = キー：{ $keys } で選ぶ
keys-rank = キー：{ $keys } で順位、Backspace で取り消し、Enter で送信
correct-it-is = 正解：{ $label }
it-is = 答え：{ $label }
not-correct-it-is = 不正解。答え：{ $label }
explanation-grid = これらは同じ仲間です
explanation-mask = 明るい部分を見てください

look = 画像を見てください…
which-fits = 中央のどちらの画像が、右の例によりよく合いますか？
negative-examples = 合わない例
positive-examples = 合う例
upper-picture = 上の画像
lower-picture = 下の画像
numbered = { $name }、{ $number }
not-sure = 自信なし
fairly-sure = やや自信あり
very-sure = 自信あり
upper-sure = { $level }：上の画像、{ $word }
lower-sure = { $level }：下の画像、{ $word }
how-sure = どのくらい自信がありますか？
pick-first = まず ↑ か ↓ で画像を選んでください
press-number = 1、2、3 を押してください：どのくらい自信がありますか？
picked = { $name }。1、2、3 を押してください。
keys-pick = キー：↑ か ↓ で画像を選び、1、2、3
correct-count = { $of ->
    [0] 正解：0
   *[other] 正解：{ $correct } / { $of }
}
correct = 正解
other-fits = 不正解：もう一方の画像のほうが合います

which-odd = ほかの画像と仲間でないのはどれですか？
picture-number = 画像 { $number }
odd-is = 不正解：仲間でないのは画像 { $number } です
choice-left = 左
choice-right = 右
choice-first = 1 つ目
choice-second = 2 つ目
not-correct-it-was = 不正解です。正解は { $answer } です
it-was-number = 正解は { $answer } です
your-answer = 回答
enter-whole = { $least } から { $most } までの整数を入力してください。
enter-steps = { $least } から { $most } までの数を { $step } 刻みで入力してください。
choose-on-line = 線の上の場所を選んでください。

## Pointing to a word in a picture

point-area = 画像。矢印キーで輪を動かし、Enter キーを押してください。
not-there = ない
not-correct-here = 不正解です。枠の中にあります
not-correct-absent = 不正解です。画像の中にありません

## Describing a picture

longer-sentence = もう少し長い文を書いてください。
choose-word = 単語を一つ以上選んでください。
too-slow = 時間切れです

thoughts-label = ご感想（任意）
got-right = 正解の数
score-of = { $correct } / { $of }

outcome-completed = ありがとうございました。終了です
outcome-declined = 参加しないことを選びました
outcome-screened_out = 調査はここまでです
outcome-timed_out = この回の時間が過ぎました
outcome-returned = この回は返却されました
outcome-withdrawn = この調査への参加を取りやめました
outcome-expired = この回は終わりました
close-page = このページを閉じてかまいません。
return-to = { $place } に戻る
returns-in = { $seconds } 秒後に自動で { $place } に戻ります。
stay = このページにとどまる
stayed = このページにとどまります。ボタンで { $place } に戻れます。
code = ボタンが使えない場合は、この完了コードを使ってください：
code-at = { $place } でこの完了コードを入力してください：
code-alone = 参加元のページでこの完了コードを入力してください：
submit-and-finish = 提出して終了
reference = 参照番号：{ $reference }
withdraw-by = データについての問い合わせや撤回は、この番号を添えて { $contact } までご連絡ください。
keep-reference = あとでデータを撤回するかもしれない場合は、この番号を控えてください。
next-part = この調査には次の部があります
next-part-window = 第 { $part } 部は{ DATETIME($opens, dateStyle: "long", timeStyle: "short") }から{ DATETIME($closes, dateStyle: "long", timeStyle: "short") }までに始められます。
next-part-invited = この調査を見つけた場所で招待をお待ちください。
next-part-link = このリンクを保管してください。あなた専用です。
open-part = 第 { $part } 部を開く
add-to-calendar = カレンダーに追加
duration-seconds = { $number } 秒
duration-minutes = { $number } 分
duration-hours = { $number } 時間
break-limit = この調査の休憩は { $duration } までです。
answer-too-late = 最後の答えは遅すぎたため、保存できませんでした。
answers-stored = それまでの { $answers } 件の答えは保存されています。
questions = ご質問は { $contact } までお寄せください。

needs-mouse = この調査にはマウスかトラックパッドが必要です
open-on-computer = 同じリンクをコンピューターで開いてください。
more-room = もう少し広い画面が必要です
window-least = 画像には { $least } ピクセル以上のウィンドウが必要です。現在は { $size } です。
enlarge = ウィンドウを広げるか、表示を縮小してください。自動で元のところから続きます。
turn-upright = スマートフォンを縦にしてください。自動で元のところから続きます。
turn-sideways = スマートフォンを横にしてください。自動で元のところから続きます。
larger-screen = 同じリンクを、コンピューターなどの大きな画面で開いてください。
keep-zoom = 見やすいように拡大しています：続ける
or-return = 難しい場合は、ほかの人が参加できるよう、{ $place } でタスクを返却してください。

offline = インターネットに接続していないようです。
no-answer = サーバーが応答していません。
not-saved = 答えはまだ保存されていません。ここに保存してあり、自動で送信されます。このページを開いたままにしてください。
trying = 自動で再試行しています…
being-saved = 答えを保存しています…
answer-unchanged = 答えは変えられません。
nothing-changed = 何も変わっていません。
back-leaves = もう一度戻るとページを離れます。同じリンクでここに戻れます。
fault = 問題が起きました
fault-answer = 答えを受け取れませんでした。ページを再読み込みしてください。
fault-unsaved = ページの不具合で止まりました。最後の答えはまだ保存されていません。このタブに残してあり、再読み込みすると送信されます。
fault-saved = ページの不具合で止まりました。答えは保存されています。

refused-unknown_study = その調査はありません
refused-study_early = 調査はまだ始まっていません
refused-study_paused = 調査は休止中です
refused-study_closed = 調査は終了しました
refused-study_full = 調査は定員に達しました
refused-not_eligible = この調査には参加できません
refused-already_took = すでに参加しています
refused-in_use = この調査は別のところで開いています
refused-part_unknown = これは調査の後半の部です
refused-part_early = この部はまだ始められません
refused-part_late = この部は終了しました
refused-ended = この回は終わりました
check-link = リンクが受け取ったとおりに全部そろっているか確かめてください。
why-unknown_study = ここにその調査はありません。
why-study_early = この調査は{ DATETIME($at, dateStyle: "long", timeStyle: "short") }に始まります。その時にまたお越しください。
why-study_paused = この調査は現在休止中です。あとでもう一度お試しください。
why-study_closed = この調査は終了しました。関心をお寄せいただきありがとうございます。
why-study_full = この調査は必要な参加者がそろいました。ありがとうございます！
why-wrong_link = このリンクからはこの調査に参加できません。
why-invalid_key = このリンクは無効です。
why-related_study = 関連する調査に参加したことがあるため、この調査には参加できません。
why-other_submission = 別の提出でこの調査に参加済みです。この提出は返却してください。もう一方を提出できない場合は、研究者にご連絡ください。
why-in_use = この調査は別のウィンドウで、別の提出として進行中です。そちらで続けてください。そのウィンドウが閉じている場合は、{ $minutes } 分後にここで続けられます。
why-other_arrival = 別の提出、または別のブラウザで、この調査をはじめています。ご自身であれば、続きからはじめられます。その場合はこの提出が有効になります。
why-part_unknown = このリンクは調査の後の部へのリンクです。完了した第1部が見つかりませんでした。第1部に参加したときのリンクまたはアカウントを使ってください。
why-part_early = この部は{ DATETIME($at, dateStyle: "long", timeStyle: "short") }から始められます。その時にまたお越しください。
why-part_late = この部は{ DATETIME($at, dateStyle: "long", timeStyle: "short") }まで始めることができました。現在は終了しています。再度お越しいただきありがとうございます。
why-ended = 時間がたちすぎたため、この回は続けられません。

text-practice =
    # 練習

    まず練習をします。成績には入りません。
text-practice_again =
    # もう一度

    正しくない答えがありました。もう一度練習してください。
text-half_way =
    # 半分終わりました

    この部分の半分が終わりました。
text-phase_change =
    # ここから本番です

    次の部分がはじまります。
text-declined =
    # ありがとうございました

    参加しないことを選びました。あなたについては何も保存されていません。
text-screened_out =
    # ありがとうございました

    今回の調査は条件に合いませんでした。関心をお寄せいただきありがとうございます。
text-timed_out =
    # この回は終わりました

    時間がたちすぎたため、続けられません。
text-returned =
    # この回は終わりました

    調査は返却されました。
text-withdrawn =
    # 参加を取りやめました

    もう参加していません。保存されていた内容は削除されました。
text-expired =
    # この回は終わりました

    答えは約束した期間だけ保存され、その後削除されました。
text-completed =
    # ありがとうございました

    答えはすべて保存されました。
text-paid_already =
    # すでに参加しています

    この調査への参加はすでに承認されており、支払いは一度です。この新しい提出は返却してください。することはもうありません。
text-mturk_preview =
    # プレビュー

    参加するには HIT を受けてください。
