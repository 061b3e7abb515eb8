### Portuguese (você)

loading = A carregar…
needs-javascript = Este estudo precisa de JavaScript. Ative-o no seu navegador e recarregue a página.
not-started = A página ainda não arrancou. Recarregue-a. Se isso não ajudar, desligue os bloqueadores de anúncios nesta página ou use outro navegador.
progress = Progresso
pictures = Imagens
contact = Contacto: { $contact }
copy = Copiar
copied = Copiado

screen-preview = Pré-visualização
screen-consent = Antes de começar
screen-instructions = Instruções
screen-questions_before = Algumas perguntas
screen-questions_after = Algumas perguntas
screen-comprehension = Algumas perguntas
screen-calibration = Ecrã e distância
screen-trials = Imagens
screen-feedback = Os seus comentários
screen-debrief = Sobre este estudo
screen-end = Fim
screen-ready = Tudo pronto

agree = Aceito, começar
do-not-agree = Não aceito
back = Voltar
next = Seguinte
have-read = Já li
continue = Continuar
finish = Terminar
start = Começar
go-on = Prosseguir
try-again = Tentar de novo
load-again = Recarregar a página

about-minutes = { $minutes ->
    [one] Cerca de { $minutes } minuto
   *[other] Cerca de { $minutes } minutos
}
page-of = Página { $at } de { $of }
read-and-answer = Responda de acordo com o que leu.
answer-all = Responda a todas as perguntas.
optional = (opcional)
answer-marked = Verifique as respostas assinaladas.
answer-needed = Responda a esta pergunta.
row-needed = Responda em cada linha.
answer-again = Verifique esta resposta.
number-needed = Introduza um número.
number-between = Introduza um número de { $min } a { $max }.
number-from = Introduza um número igual ou superior a { $min }.
number-to = Introduza um número igual ou inferior a { $max }.
not-answered = ainda sem resposta
tries-left = { $tries ->
    [one] Nem todas as respostas estavam certas. Tem mais uma tentativa.
   *[other] Nem todas as respostas estavam certas. Tem mais { $tries } tentativas.
}
read-again = Ler de novo as instruções
check-answers = Verificar as respostas
back-to-questions = Voltar às perguntas
preview-note = Isto é uma pré-visualização. Aceite a tarefa para participar.
getting-ready = A preparar as imagens
loading-pictures = A carregar as imagens
done-of = { $done } de { $of }
pictures-missing = Algumas imagens não chegaram
pictures-missing-count = { $missing } de { $of } não puderam ser carregadas. Nada se perdeu.
ready = Quando quiser
ready-text = As imagens estão carregadas. Carregue no botão para começar.
fills-screen = A página vai ocupar o ecrã inteiro. Prima Esc para sair a qualquer momento.
left-fullscreen = A página saiu do ecrã inteiro.
to-fullscreen = Voltar ao ecrã inteiro

welcome-back = Boas-vindas de volta
where-stopped = Continua exatamente onde parou.
kept-answer = A sua última resposta ainda não chegou até nós. Foi guardada aqui e será enviada quando prosseguir.
other-tab = Respondida noutro separador
other-tab-text = Este estudo também está aberto noutro separador ou janela. A imagem foi respondida lá, e essa resposta conta. Feche o outro e continue aqui.
begun-before = Já começou este estudo?
if-not-you = Se não foi você, feche esta página.
was-me = Fui eu, continuar
who-is-there = Quem está aí?
session-begun-here = Neste computador foi começada uma sessão que não está terminada.
go-on-with-it = Continuar essa sessão
i-am-new = Sou outra pessoa
goes-on-here = Continua a sessão que foi começada neste navegador.
not-you = Não é você? Começar outra sessão
next-person = Pronto para a pessoa seguinte

card-title = Qual é o tamanho do seu ecrã?
card-text = Encoste um cartão bancário ou um cartão de identidade ao ecrã. Mova o controlo até o cartão desenhado ter exatamente o mesmo tamanho.
card-slider = Tamanho do cartão desenhado
card-fits = Mesmo tamanho
distance-title = A que distância está?
distance-keep = Sente-se de modo que os seus olhos fiquem a { $distance } cm do ecrã. Mantenha esta distância.
distance-text = Sente-se confortavelmente e tape o olho direito. Olhe sempre para o quadrado preto com o olho esquerdo. Um ponto vermelho move-se para a esquerda. Prima o botão ou a barra de espaços quando o ponto desaparecer.
dot-gone = O ponto desapareceu
distance-enter = Indicar a distância
distance-label = Indique a distância dos seus olhos ao ecrã, em cm.
distance-range = Indique um número de { $least } a { $most }.

classify = Classificar a imagem
picture-to-classify = A imagem a classificar
classes = Classes
what-is-it = O que é?
most-likely = { $rank ->
    [1] O que é mais provável?
    [2] E em segundo lugar?
    [3] E em terceiro lugar?
   *[other] E no lugar { $rank }?
}
rank = { $rank }.º
ranked = , lugar { $rank }
submit-or-change = Envie ou mude a ordem
submit = Enviar
undo = Desfazer
keys-choose = Teclas: { $keys } para escolher
keys-rank = Teclas: { $keys } para ordenar, Backspace para desfazer, Enter para enviar
correct-it-is = Certo: { $label }
it-is = É: { $label }
not-correct-it-is = Não está certo. É: { $label }
explanation-grid = Estas imagens pertencem ao mesmo grupo
explanation-mask = Veja a zona clara

look = Veja as imagens…
which-fits = Que imagem do meio combina melhor com os exemplos à direita?
negative-examples = Exemplos negativos
positive-examples = Exemplos positivos
upper-picture = Imagem de cima
lower-picture = Imagem de baixo
numbered = { $name }, { $number }
not-sure = pouca certeza
fairly-sure = alguma certeza
very-sure = muita certeza
upper-sure = { $level }: imagem de cima, { $word }
lower-sure = { $level }: imagem de baixo, { $word }
how-sure = Com que certeza?
pick-first = Escolha primeiro uma imagem com ↑ ou ↓
press-number = Prima 1, 2 ou 3: com que certeza?
picked = { $name }. Prima 1, 2 ou 3.
keys-pick = Teclas: ↑ ou ↓ para escolher uma imagem, depois 1, 2 ou 3
correct-count = { $of ->
    [0] Certas: 0
   *[other] Certas: { $correct } de { $of }
}
correct = Certo
other-fits = Não está certo: a outra imagem combina melhor

which-odd = Que imagem não combina com as outras?
picture-number = Imagem { $number }
odd-is = Não está certo: a imagem { $number } não combina com as outras
choice-left = Esquerda
choice-right = Direita
choice-first = Primeira
choice-second = Segunda
not-correct-it-was = Não está certo: era { $answer }
it-was-number = Era { $answer }
your-answer = A sua resposta
enter-whole = Digite um número inteiro de { $least } a { $most }.
enter-steps = Digite um número de { $least } a { $most }, em passos de { $step }.
choose-on-line = Escolha um lugar na linha.

## Pointing to a word in a picture

point-area = A imagem. Mova o anel com as setas e prima Enter.
not-there = Não está
not-correct-here = Não está certo: está na moldura
not-correct-absent = Não está certo: não está na imagem

## Describing a picture

longer-sentence = Escreva uma frase mais longa.
choose-word = Escolha pelo menos uma palavra.
too-slow = Demasiado lento

thoughts-label = Os seus comentários (opcional)
got-right = Respostas certas
score-of = { $correct } de { $of }

outcome-completed = Obrigado, terminou
outcome-declined = Decidiu não participar
outcome-screened_out = O estudo termina aqui
outcome-timed_out = O tempo desta sessão acabou
outcome-returned = Esta sessão foi devolvida
outcome-withdrawn = Retirou-se deste estudo
outcome-expired = Esta sessão terminou
close-page = Já pode fechar esta página.
return-to = Voltar a { $place }
returns-in = { $seconds ->
    [one] Volta a { $place } automaticamente em { $seconds } segundo.
   *[other] Volta a { $place } automaticamente em { $seconds } segundos.
}
stay = Ficar nesta página
stayed = Fica aqui. O botão leva de volta a { $place }.
code = Se o botão não funcionar, use este código:
code-at = Introduza este código em { $place }:
code-alone = Introduza este código na página de onde veio:
submit-and-finish = Enviar e terminar
reference = A sua referência: { $reference }
withdraw-by = Para perguntar pelos seus dados, ou retirá-los, escreva para { $contact } e indique esta referência.
keep-reference = Guarde esta referência se mais tarde quiser retirar os seus dados.
next-part = O estudo tem outra parte
next-part-window = Você pode começar a parte { $part } de { DATETIME($opens, dateStyle: "long", timeStyle: "short") } até { DATETIME($closes, dateStyle: "long", timeStyle: "short") }.
next-part-invited = Procure o convite onde encontrou este estudo.
next-part-link = Guarde este link. É só para você.
open-part = Abrir a parte { $part }
add-to-calendar = Adicionar ao calendário
duration-seconds = { $number ->
    [one] { $number } segundo
   *[other] { $number } segundos
}
duration-minutes = { $number ->
    [one] { $number } minuto
   *[other] { $number } minutos
}
duration-hours = { $number ->
    [one] { $number } hora
   *[other] { $number } horas
}
break-limit = Neste estudo uma pausa pode durar até { $duration }.
answer-too-late = A sua última resposta chegou tarde demais e não pôde ser guardada.
answers-stored = { $answers ->
    [one] { $answers } resposta anterior está guardada.
   *[other] { $answers } respostas anteriores estão guardadas.
}
questions = Perguntas? Escreva para { $contact }.

needs-mouse = Este estudo precisa de um rato ou de um touchpad
open-on-computer = Abra o mesmo link num computador.
more-room = Um pouco mais de espaço, por favor
window-least = As imagens precisam de uma janela de pelo menos { $least } píxeis. A sua tem { $size }.
enlarge = Aumente a janela ou reduza o zoom. A página continua sozinha, exatamente onde estava.
turn-upright = Ponha o telefone na vertical. A página continua sozinha, exatamente onde estava.
turn-sideways = Ponha o telefone na horizontal. A página continua sozinha, exatamente onde estava.
larger-screen = Abra o mesmo link num ecrã maior, como o de um computador.
keep-zoom = Aumentei a página para ver bem: continuar
or-return = Se não puder: devolva a tarefa em { $place }, para que outra pessoa a possa fazer.

offline = Parece que está sem ligação.
no-answer = O servidor não está a responder neste momento.
not-saved = A sua resposta ainda não está guardada. É conservada aqui e enviada sozinha: deixe esta página aberta.
trying = A tentar de novo…
being-saved = A sua resposta está a ser guardada…
answer-unchanged = Uma resposta não pode ser mudada.
nothing-changed = Nada mudou.
back-leaves = Volte atrás mais uma vez para sair da página; o mesmo link traz de novo aqui.
fault = Algo correu mal
fault-answer = A resposta não pôde ser recebida. Recarregue a página.
fault-unsaved = A página parou por um erro seu. A sua última resposta ainda não está guardada: é conservada neste separador e enviada quando recarregar a página.
fault-saved = A página parou por um erro seu. O que respondeu está guardado.

refused-unknown_study = Este estudo não existe
refused-study_early = O estudo ainda não está aberto
refused-study_paused = O estudo está em pausa
refused-study_closed = O estudo terminou
refused-study_full = O estudo está completo
refused-not_eligible = Este estudo não está aberto para si
refused-already_took = Já participou
refused-in_use = Este estudo está aberto noutro lugar
refused-part_unknown = Esta é uma parte posterior de um estudo
refused-part_early = Esta parte ainda não está aberta
refused-part_late = Esta parte está fechada
refused-ended = Esta sessão terminou
check-link = Verifique se o link está completo, tal como lhe foi dado.
why-unknown_study = Não há aqui tal estudo.
why-study_early = Este estudo abre em { DATETIME($at, dateStyle: "long", timeStyle: "short") }. Volte nessa altura, por favor.
why-study_paused = Este estudo está em pausa de momento. Tente mais tarde.
why-study_closed = Este estudo terminou. Obrigado pelo seu interesse.
why-study_full = Este estudo já tem todos os participantes de que precisa. Obrigado!
why-wrong_link = Não se pode participar neste estudo por este link.
why-invalid_key = Este link não é válido.
why-related_study = Já participou num estudo relacionado, por isso não pode participar neste.
why-other_submission = Já participou neste estudo, com outra submissão. Devolva esta. Se já não puder entregar a outra, escreva aos investigadores.
why-in_use = { $minutes ->
    [one] Este estudo está em curso noutra janela, com outra submissão. Continue lá. Se essa janela estiver fechada, pode continuar aqui em { $minutes } minuto.
   *[other] Este estudo está em curso noutra janela, com outra submissão. Continue lá. Se essa janela estiver fechada, pode continuar aqui em { $minutes } minutos.
}
why-other_arrival = Já começou este estudo, com outra submissão ou noutro navegador. Se foi você, pode continuar onde estava; conta então esta submissão.
why-part_unknown = Este link leva a uma parte posterior de um estudo. Não encontramos nenhuma primeira parte concluída por você. Use o link ou a conta com que fez a primeira parte.
why-part_early = Você pode começar esta parte a partir de { DATETIME($at, dateStyle: "long", timeStyle: "short") }. Volte nessa altura, por favor.
why-part_late = Você podia começar esta parte até { DATETIME($at, dateStyle: "long", timeStyle: "short") }. Agora está fechada. Obrigado por voltar.
why-ended = Passou demasiado tempo para continuar esta sessão.

text-practice =
    # Treino

    Primeiro algumas tentativas para treinar. Não contam.
text-practice_again =
    # Mais uma vez

    Ainda nem todas as respostas estavam certas. Treine mais uma vez.
text-half_way =
    # A meio caminho

    Já fez metade desta parte.
text-phase_change =
    # Agora conta

    Começa a parte seguinte.
text-declined =
    # Obrigado

    Decidiu não participar. Nada foi guardado sobre si.
text-screened_out =
    # Obrigado

    Este estudo não é adequado desta vez. Obrigado pelo seu interesse.
text-timed_out =
    # Esta sessão terminou

    Passou demasiado tempo para a continuar.
text-returned =
    # Esta sessão terminou

    O estudo foi devolvido.
text-withdrawn =
    # Retirou-se

    Já não participa. O que estava guardado da sua participação foi apagado.
text-expired =
    # Esta sessão terminou

    As respostas foram guardadas o tempo combinado e depois apagadas.
text-completed =
    # Obrigado

    Todas as suas respostas estão guardadas.
text-paid_already =
    # Já participou

    A sua participação neste estudo já foi aceite, e é paga uma vez. Devolva esta nova submissão: nela já não há nada a fazer.
text-mturk_preview =
    # Pré-visualização

    Aceite o HIT para participar.
