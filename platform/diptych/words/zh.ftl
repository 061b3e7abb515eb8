### Chinese (simplified)

loading = 正在加载…
needs-javascript = 本研究需要 JavaScript。请在浏览器中启用它，然后重新加载页面。
not-started = 页面还没有启动。请重新加载。如果没有用，请对此页面关闭广告拦截，或换一个浏览器。
progress = 进度
pictures = 图片
contact = 联系方式：{ $contact }
copy = 复制
copied = 已复制

screen-preview = 预览
screen-consent = 开始之前
screen-instructions = 说明
screen-questions_before = 几个问题
screen-questions_after = 几个问题
screen-comprehension = 几个问题
screen-calibration = 屏幕与距离
screen-trials = 图片
screen-feedback = 您的想法
screen-debrief = 关于本研究
screen-end = 结束
screen-ready = 准备就绪

agree = 我同意，开始
do-not-agree = 我不同意
back = 上一页
next = 下一页
have-read = 我已阅读
continue = 继续
finish = 完成
start = 开始
go-on = 继续进行
try-again = 再试一次
load-again = 重新加载页面

about-minutes = 大约 { $minutes } 分钟
page-of = 第 { $at } 页，共 { $of } 页
read-and-answer = 请根据您读到的内容回答。
answer-all = 请回答每一个问题。
optional = （选填）
answer-marked = 请检查标出的回答。
answer-needed = 请回答此问题。
row-needed = 请回答每一行。
answer-again = 请检查此回答。
number-needed = 请输入数字。
number-between = 请输入 { $min } 到 { $max } 之间的数字。
number-from = 请输入不小于 { $min } 的数字。
number-to = 请输入不大于 { $max } 的数字。
not-answered = 尚未回答
tries-left = 并非所有回答都正确。您还有 { $tries } 次机会。
read-again = 再读一遍说明
check-answers = 检查我的回答
back-to-questions = 回到问题
preview-note = 这是预览。请先接受任务再参加。
getting-ready = 正在准备图片
loading-pictures = 正在加载图片
done-of = { $done } / { $of }
pictures-missing = 有些图片没有加载成功
pictures-missing-count = { $of } 张中有 { $missing } 张无法加载。没有丢失任何内容。
ready = 您准备好就可以开始
ready-text = 图片已加载。请按按钮开始。
fills-screen = 页面将占满整个屏幕。您可以随时按 Esc 退出。
left-fullscreen = 页面已退出全屏。
to-fullscreen = 返回全屏

welcome-back = 欢迎回来
where-stopped = 您将从上次停下的地方继续。
kept-answer = 您的上一个回答还没有送达。它保存在这里，您继续时就会发送。
other-tab = 已在另一个标签页中回答
other-tab-text = 本研究也在另一个标签页或窗口中打开。这张图片已在那里回答，以那个回答为准。请关闭另一个，在这里继续。
begun-before = 您之前开始过这项研究吗？
if-not-you = 如果不是您，请关闭此页面。
was-me = 是我，继续
who-is-there = 请问您是哪位？
session-begun-here = 这台电脑上有一次尚未完成的参与。
go-on-with-it = 继续那一次
i-am-new = 我是新来的
goes-on-here = 您将继续在此浏览器中开始的参与。
not-you = 不是您？重新开始
next-person = 可以请下一位了

card-title = 您的屏幕有多大？
card-text = 请把银行卡或身份证贴在屏幕上。移动滑块，直到画出的卡片与它大小完全相同。
card-slider = 画出的卡片的大小
card-fits = 大小相同
distance-title = 您离屏幕有多远？
distance-keep = 请坐好，让眼睛距离屏幕 { $distance } 厘米，并保持这个距离。
distance-text = 请坐舒服，遮住右眼。用左眼一直看着黑色方块。一个红点会向左移动。红点消失时，请按按钮或空格键。
dot-gone = 红点消失了
distance-enter = 自己输入距离
distance-label = 请输入眼睛到屏幕的距离（厘米）。
distance-range = 请输入 { $least } 到 { $most } 之间的数字。

classify = 给图片分类
picture-to-classify = 要分类的图片
classes = 类别
what-is-it = 这是什么？
most-likely = { $rank ->
    [1] 最有可能是什么？
   *[other] 第 { $rank } 可能是什么？
}
rank = 第 { $rank }
ranked = ，排名{ $rank }
submit-or-change = 提交，或更改排序
submit = 提交
undo = 撤销
keys-choose = 按键：{ $keys } 选择
keys-rank = 按键：{ $keys } 排序，退格键撤销，回车键提交
correct-it-is = 正确：{ $label }
it-is = 这是：{ $label }
not-correct-it-is = 不正确。这是：{ $label }
explanation-grid = 这些图片属于一组
explanation-mask = 请看明亮的区域

look = 请看图片…
which-fits = 中间的哪张图片与右边的例子更相符？
negative-examples = 反例
positive-examples = 正例
upper-picture = 上面的图片
lower-picture = 下面的图片
numbered = { $name }，{ $number }
not-sure = 不确定
fairly-sure = 比较确定
very-sure = 非常确定
upper-sure = { $level }：上面的图片，{ $word }
lower-sure = { $level }：下面的图片，{ $word }
how-sure = 您有多确定？
pick-first = 请先用 ↑ 或 ↓ 选择一张图片
press-number = 现在按 1、2 或 3：您有多确定？
picked = { $name }。请按 1、2 或 3。
keys-pick = 按键：↑ 或 ↓ 选择图片，然后按 1、2 或 3
correct-count = { $of ->
    [0] 正确：0
   *[other] 正确：{ $correct } / { $of }
}
correct = 正确
other-fits = 不正确：另一张图片更相符

which-odd = 哪张图片与其他图片不同类？
picture-number = 图片 { $number }
odd-is = 不正确：图片 { $number } 与其他图片不同类
choice-left = 左
choice-right = 右
choice-first = 第一个
choice-second = 第二个
not-correct-it-was = 不正确：正确答案是 { $answer }
it-was-number = 正确答案是 { $answer }
your-answer = 您的回答
enter-whole = 请输入 { $least } 到 { $most } 之间的整数。
enter-steps = 请输入 { $least } 到 { $most } 之间的数，步长为 { $step }。
choose-on-line = 请在线上选择一个位置。

## Pointing to a word in a picture

point-area = 图片。请用方向键移动圆环，然后按 Enter 键。
not-there = 没有
not-correct-here = 不正确：它在方框中
not-correct-absent = 不正确：图片中没有

## Describing a picture

longer-sentence = 请写一个更长的句子。
choose-word = 请至少选择一个词。
too-slow = 太慢了

thoughts-label = 您的想法（选填）
got-right = 答对
score-of = { $correct } / { $of }

outcome-completed = 谢谢，您已完成
outcome-declined = 您选择不参加
outcome-screened_out = 研究到此结束
outcome-timed_out = 这次参与的时间已到
outcome-returned = 这次参与已退回
outcome-withdrawn = 您已退出本研究
outcome-expired = 这次参与已结束
close-page = 您现在可以关闭此页面。
return-to = 返回 { $place }
returns-in = { $seconds } 秒后自动返回 { $place }。
stay = 留在此页面
stayed = 您留在此页。按按钮可返回 { $place }。
code = 如果按钮无效，请使用此完成代码：
code-at = 请在 { $place } 输入此完成代码：
code-alone = 请在您来时的页面上输入此完成代码：
submit-and-finish = 提交并完成
reference = 您的编号：{ $reference }
withdraw-by = 如要询问或撤回您的数据，请写信至 { $contact } 并注明此编号。
keep-reference = 如果您以后可能要撤回数据，请保存此编号。
next-part = 本研究还有下一部分
next-part-window = 您可以在{ DATETIME($opens, dateStyle: "long", timeStyle: "short") }至{ DATETIME($closes, dateStyle: "long", timeStyle: "short") }之间开始第 { $part } 部分。
next-part-invited = 请在您找到本研究的地方留意邀请。
next-part-link = 请保存此链接。它只供您使用。
open-part = 打开第 { $part } 部分
add-to-calendar = 添加到日历
duration-seconds = { $number } 秒
duration-minutes = { $number } 分钟
duration-hours = { $number } 小时
break-limit = 本研究中的休息最长为 { $duration }。
answer-too-late = 您的上一个回答来得太晚，无法保存。
answers-stored = 之前的 { $answers } 个回答已保存。
questions = 有问题？请写信至 { $contact }。

needs-mouse = 本研究需要鼠标或触控板
open-on-computer = 请在电脑上打开同一链接。
more-room = 请给页面多一点空间
window-least = 图片需要至少 { $least } 像素的窗口。您的窗口为 { $size }。
enlarge = 请放大窗口，或缩小页面。页面会自动从原处继续。
turn-upright = 请把手机竖过来。页面会自动从原处继续。
turn-sideways = 请把手机横过来。页面会自动从原处继续。
larger-screen = 请在更大的屏幕（例如电脑）上打开同一链接。
keep-zoom = 我放大页面是为了看清楚：继续
or-return = 如果做不到：请在 { $place } 退回任务，让其他人可以参加。

offline = 您似乎没有连接网络。
no-answer = 服务器暂时没有响应。
not-saved = 您的回答还没有保存。它保留在这里并会自动发送：请不要关闭此页面。
trying = 正在自动重试…
being-saved = 正在保存您的回答…
answer-unchanged = 回答不能更改。
nothing-changed = 没有任何改变。
back-leaves = 再按一次返回就会离开此页面；同一链接会带您回到这里。
fault = 出了点问题
fault-answer = 无法接收这个回答。请重新加载页面。
fault-unsaved = 页面因自身错误而停止。您的上一个回答还没有保存：它保留在此标签页中，重新加载页面时会发送。
fault-saved = 页面因自身错误而停止。您的回答已保存。

refused-unknown_study = 没有这项研究
refused-study_early = 研究尚未开放
refused-study_paused = 研究已暂停
refused-study_closed = 研究已结束
refused-study_full = 研究已满
refused-not_eligible = 本研究不对您开放
refused-already_took = 您已参加过
refused-in_use = 本研究已在别处打开
refused-part_unknown = 这是一项研究的后续部分
refused-part_early = 此部分尚未开放
refused-part_late = 此部分已关闭
refused-ended = 这次参与已结束
check-link = 请检查链接是否完整，与您收到的一样。
why-unknown_study = 这里没有这项研究。
why-study_early = 本研究将于{ DATETIME($at, dateStyle: "long", timeStyle: "short") }开放。请届时再来。
why-study_paused = 本研究目前暂停。请稍后再试。
why-study_closed = 本研究已结束。感谢您的关注。
why-study_full = 本研究的参与者已满。谢谢！
why-wrong_link = 不能通过此链接参加本研究。
why-invalid_key = 此链接无效。
why-related_study = 您参加过相关的研究，因此不能参加本研究。
why-other_submission = 您已用另一份提交参加过本研究。请退回这一份。如果您无法再提交另一份，请写信给研究人员。
why-in_use = 本研究正在另一个窗口中以另一份提交进行。请在那里继续。如果那个窗口已关闭，{ $minutes } 分钟后您可以在这里继续。
why-other_arrival = 您之前用另一份提交或在另一个浏览器中开始过本研究。如果是您，可以从原处继续；以这份提交为准。
why-part_unknown = 此链接通向一项研究的后续部分。我们没有找到您已完成的第一部分。请使用您参加第一部分时的链接或账号。
why-part_early = 您可以从{ DATETIME($at, dateStyle: "long", timeStyle: "short") }起开始此部分。请届时再来。
why-part_late = 此部分的开始时间截至{ DATETIME($at, dateStyle: "long", timeStyle: "short") }。现在已关闭。感谢您再次到来。
why-ended = 时间过去太久，无法继续这次参与。

text-practice =
    # 练习

    先做几道练习题。它们不计分。
text-practice_again =
    # 再来一次

    还有回答不正确。请再练习一次。
text-half_way =
    # 已过半

    您已完成这一部分的一半。
text-phase_change =
    # 现在开始计分

    下一部分开始了。
text-declined =
    # 谢谢

    您决定不参加。没有保存任何关于您的内容。
text-screened_out =
    # 谢谢

    这次研究不太合适。感谢您的关注。
text-timed_out =
    # 这次参与已结束

    时间过去太久，无法继续。
text-returned =
    # 这次参与已结束

    研究已退回。
text-withdrawn =
    # 您已退出

    您不再参加。所保存的您的参与内容已删除。
text-expired =
    # 这次参与已结束

    回答按约定的时间保存，之后已删除。
text-completed =
    # 谢谢

    您的所有回答都已保存。
text-paid_already =
    # 您已参加过

    您对本研究的参与已被接受，并且只支付一次。请退回这份新的提交：里面没有别的要做。
text-mturk_preview =
    # 预览

    请接受 HIT 后再参加。
