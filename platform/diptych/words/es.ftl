### Spanish (usted)

loading = Cargando…
needs-javascript = Este estudio necesita JavaScript. Actívelo en su navegador y vuelva a cargar la página.
not-started = La página aún no ha arrancado. Vuelva a cargarla. Si no ayuda, desactive los bloqueadores de anuncios para esta página o use otro navegador.
progress = Progreso
pictures = Imágenes
contact = Contacto: { $contact }
copy = Copiar
copied = Copiado

screen-preview = Vista previa
screen-consent = Antes de empezar
screen-instructions = Instrucciones
screen-questions_before = Algunas preguntas
screen-questions_after = Algunas preguntas
screen-comprehension = Unas preguntas
screen-calibration = Pantalla y distancia
screen-trials = Imágenes
screen-feedback = Sus comentarios
screen-debrief = Sobre este estudio
screen-end = Fin
screen-ready = Todo listo

agree = Acepto, empezar
do-not-agree = No acepto
back = Atrás
next = Siguiente
have-read = Lo he leído
continue = Continuar
finish = Terminar
start = Empezar
go-on = Seguir
try-again = Intentar de nuevo
load-again = Volver a cargar la página

about-minutes = { $minutes ->
    [one] Cerca de { $minutes } minuto
   *[other] Cerca de { $minutes } minutos
}
page-of = Página { $at } de { $of }
read-and-answer = Responda según lo que ha leído.
answer-all = Responda a todas las preguntas.
optional = (opcional)
answer-marked = Revise las respuestas marcadas.
answer-needed = Responda a esta pregunta.
row-needed = Responda en cada fila.
answer-again = Revise esta respuesta.
number-needed = Escriba un número.
number-between = Escriba un número de { $min } a { $max }.
number-from = Escriba un número de { $min } o más.
number-to = Escriba un número de { $max } o menos.
not-answered = sin responder
tries-left = { $tries ->
    [one] No todas las respuestas eran correctas. Le queda un intento.
   *[other] No todas las respuestas eran correctas. Le quedan { $tries } intentos.
}
read-again = Leer las instrucciones otra vez
check-answers = Comprobar mis respuestas
back-to-questions = Volver a las preguntas
preview-note = Esto es una vista previa. Acepte la tarea para participar.
getting-ready = Preparando las imágenes
loading-pictures = Cargando las imágenes
done-of = { $done } de { $of }
pictures-missing = Algunas imágenes no han llegado
pictures-missing-count = { $missing } de { $of } no se pudieron cargar. No se ha perdido nada.
ready = Cuando quiera
ready-text = Las imágenes están cargadas. Pulse el botón para empezar.
fills-screen = La página ocupará toda la pantalla. Pulse Esc para salir en cualquier momento.
left-fullscreen = La página ha salido de la pantalla completa.
to-fullscreen = Volver a la pantalla completa

welcome-back = Bienvenido de nuevo
where-stopped = Sigue justo donde lo dejó.
kept-answer = Su última respuesta aún no nos ha llegado. Se ha guardado aquí y se enviará cuando siga.
other-tab = Respondida en otra pestaña
other-tab-text = Este estudio está abierto también en otra pestaña o ventana. La imagen se respondió allí, y esa respuesta vale. Cierre la otra y siga aquí.
begun-before = ¿Ha empezado ya este estudio?
if-not-you = Si no fue usted, cierre esta página.
was-me = Fui yo, seguir
who-is-there = ¿Quién está ahí?
session-begun-here = En este ordenador se empezó una sesión que no está terminada.
go-on-with-it = Seguir con ella
i-am-new = Soy otra persona
goes-on-here = Sigue con la sesión que se empezó en este navegador.
not-you = ¿No es usted? Empezar otra sesión
next-person = Listo para la siguiente persona

card-title = ¿De qué tamaño es su pantalla?
card-text = Sostenga una tarjeta bancaria o un documento de identidad contra la pantalla. Mueva el control hasta que la tarjeta dibujada tenga exactamente el mismo tamaño.
card-slider = Tamaño de la tarjeta dibujada
card-fits = Mismo tamaño
distance-title = ¿A qué distancia está?
distance-keep = Siéntese de modo que sus ojos estén a { $distance } cm de la pantalla. Mantenga esta distancia.
distance-text = Siéntese con comodidad y tápese el ojo derecho. Mire siempre el cuadrado negro con el ojo izquierdo. Un punto rojo se mueve hacia la izquierda. Pulse el botón o la barra espaciadora cuando el punto desaparezca.
dot-gone = El punto ha desaparecido
distance-enter = Escribir la distancia
distance-label = Escriba la distancia entre sus ojos y la pantalla, en cm.
distance-range = Escriba un número de { $least } a { $most }.

classify = Clasificar la imagen
picture-to-classify = La imagen que se clasifica
classes = Clases
what-is-it = ¿Qué es?
most-likely = { $rank ->
    [1] ¿Qué es lo más probable?
    [2] ¿Y en segundo lugar?
    [3] ¿Y en tercer lugar?
   *[other] ¿Y en el lugar { $rank }?
}
rank = { $rank }.º
ranked = , puesto { $rank }
submit-or-change = Envíe o cambie el orden
submit = Enviar
undo = Deshacer
keys-choose = Teclas: { $keys } para elegir
keys-rank = Teclas: { $keys } para ordenar, Retroceso para deshacer, Intro para enviar
correct-it-is = Correcto: { $label }
it-is = Es: { $label }
not-correct-it-is = No es correcto. Es: { $label }
explanation-grid = Estas imágenes van juntas
explanation-mask = Mire la zona clara

look = Mire las imágenes…
which-fits = ¿Qué imagen del centro encaja mejor con los ejemplos de la derecha?
negative-examples = Ejemplos negativos
positive-examples = Ejemplos positivos
upper-picture = Imagen de arriba
lower-picture = Imagen de abajo
numbered = { $name }, { $number }
not-sure = poca seguridad
fairly-sure = bastante seguridad
very-sure = mucha seguridad
upper-sure = { $level }: imagen de arriba, { $word }
lower-sure = { $level }: imagen de abajo, { $word }
how-sure = ¿Con qué seguridad?
pick-first = Elija primero una imagen con ↑ o ↓
press-number = Pulse 1, 2 o 3: ¿con qué seguridad?
picked = { $name }. Pulse 1, 2 o 3.
keys-pick = Teclas: ↑ o ↓ para elegir una imagen, y luego 1, 2 o 3
correct-count = { $of ->
    [0] Correctas: 0
   *[other] Correctas: { $correct } de { $of }
}
correct = Correcto
other-fits = No es correcto: la otra imagen encaja mejor

which-odd = ¿Qué imagen no encaja con las demás?
picture-number = Imagen { $number }
odd-is = No es correcto: la imagen { $number } no encaja con las demás
choice-left = Izquierda
choice-right = Derecha
choice-first = Primera
choice-second = Segunda
not-correct-it-was = No es correcto: era { $answer }
it-was-number = Era { $answer }
your-answer = Su respuesta
enter-whole = Escriba un número entero de { $least } a { $most }.
enter-steps = Escriba un número de { $least } a { $most }, en pasos de { $step }.
choose-on-line = Elija un lugar en la línea.

## Pointing to a word in a picture

point-area = La imagen. Mueva el anillo con las flechas y pulse Intro.
not-there = No está
not-correct-here = No es correcto: está en el marco
not-correct-absent = No es correcto: no está

## Describing a picture

longer-sentence = Escriba una frase más larga.
choose-word = Elija al menos una palabra.
too-slow = Demasiado lento

thoughts-label = Sus comentarios (opcional)
got-right = Respuestas correctas
score-of = { $correct } de { $of }

outcome-completed = Gracias, ha terminado
outcome-declined = Ha decidido no participar
outcome-screened_out = El estudio termina aquí
outcome-timed_out = El tiempo de esta sesión ha terminado
outcome-returned = Esta sesión se ha devuelto
outcome-withdrawn = Se ha retirado de este estudio
outcome-expired = Esta sesión ha terminado
close-page = Ya puede cerrar esta página.
return-to = Volver a { $place }
returns-in = { $seconds ->
    [one] Volverá a { $place } automáticamente en { $seconds } segundo.
   *[other] Volverá a { $place } automáticamente en { $seconds } segundos.
}
stay = Quedarse en esta página
stayed = Se queda aquí. El botón lleva de vuelta a { $place }.
code = Si el botón no funciona, use este código:
code-at = Introduzca este código en { $place }:
code-alone = Introduzca este código en la página desde la que llegó:
submit-and-finish = Enviar y terminar
reference = Su referencia: { $reference }
withdraw-by = Para preguntar por sus datos o retirarlos, escriba a { $contact } e indique esta referencia.
keep-reference = Guarde esta referencia por si más adelante quiere retirar sus datos.
next-part = El estudio tiene otra parte
next-part-window = Puede empezar la parte { $part } desde el { DATETIME($opens, dateStyle: "long", timeStyle: "short") } hasta el { DATETIME($closes, dateStyle: "long", timeStyle: "short") }.
next-part-invited = Busque la invitación en el lugar donde encontró este estudio.
next-part-link = Guarde este enlace. Es solo para usted.
open-part = Abrir la parte { $part }
add-to-calendar = Añadir al calendario
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
break-limit = En este estudio una pausa puede durar hasta { $duration }.
answer-too-late = Su última respuesta llegó demasiado tarde y no se pudo guardar.
answers-stored = { $answers ->
    [one] { $answers } respuesta anterior está guardada.
   *[other] { $answers } respuestas anteriores están guardadas.
}
questions = ¿Preguntas? Escriba a { $contact }.

needs-mouse = Este estudio necesita un ratón o un panel táctil
open-on-computer = Abra el mismo enlace en un ordenador.
more-room = Un poco más de espacio, por favor
window-least = Las imágenes necesitan una ventana de al menos { $least } píxeles. La suya tiene { $size }.
enlarge = Agrande la ventana o reduzca el zoom. La página sigue sola, justo donde estaba.
turn-upright = Ponga el teléfono en vertical. La página sigue sola, justo donde estaba.
turn-sideways = Ponga el teléfono en horizontal. La página sigue sola, justo donde estaba.
larger-screen = Abra el mismo enlace en una pantalla más grande, como la de un ordenador.
keep-zoom = He ampliado la página para ver bien: seguir
or-return = Si no puede: devuelva la tarea en { $place }, para que otra persona pueda hacerla.

offline = Parece que no tiene conexión.
no-answer = El servidor no responde en este momento.
not-saved = Su respuesta aún no está guardada. Se conserva aquí y se envía sola: deje esta página abierta.
trying = Se intenta de nuevo…
being-saved = Su respuesta se está guardando…
answer-unchanged = Una respuesta no se puede cambiar.
nothing-changed = No ha cambiado nada.
back-leaves = Vuelva atrás otra vez para salir de la página; el mismo enlace lleva de nuevo aquí.
fault = Algo ha fallado
fault-answer = No se pudo recibir la respuesta. Vuelva a cargar la página.
fault-unsaved = La página se ha parado por un fallo propio. Su última respuesta aún no está guardada: se conserva en esta pestaña y se envía cuando vuelva a cargar la página.
fault-saved = La página se ha parado por un fallo propio. Lo que ha respondido está guardado.

refused-unknown_study = No existe tal estudio
refused-study_early = El estudio todavía no está abierto
refused-study_paused = El estudio está en pausa
refused-study_closed = El estudio ha terminado
refused-study_full = El estudio está completo
refused-not_eligible = Este estudio no está abierto para usted
refused-already_took = Ya ha participado
refused-in_use = Este estudio está abierto en otro lugar
refused-part_unknown = Esta es una parte posterior de un estudio
refused-part_early = Esta parte todavía no está abierta
refused-part_late = Esta parte está cerrada
refused-ended = Esta sesión ha terminado
check-link = Compruebe que el enlace está entero, tal como se lo dieron.
why-unknown_study = Aquí no hay tal estudio.
why-study_early = Este estudio se abre el { DATETIME($at, dateStyle: "long", timeStyle: "short") }. Vuelva entonces, por favor.
why-study_paused = Este estudio está en pausa. Inténtelo más tarde.
why-study_closed = Este estudio ha terminado. Gracias por su interés.
why-study_full = Este estudio ya tiene todos los participantes que necesita. ¡Gracias!
why-wrong_link = Con este enlace no se puede participar en este estudio.
why-invalid_key = Este enlace no es válido.
why-related_study = Ya ha participado en un estudio relacionado, por lo que no puede participar en este.
why-other_submission = Ya ha participado en este estudio, con otro envío. Devuelva este. Si ya no puede entregar el otro, escriba a los investigadores.
why-in_use = { $minutes ->
    [one] Este estudio está en curso en otra ventana, con otro envío. Siga allí. Si esa ventana está cerrada, podrá seguir aquí en { $minutes } minuto.
   *[other] Este estudio está en curso en otra ventana, con otro envío. Siga allí. Si esa ventana está cerrada, podrá seguir aquí en { $minutes } minutos.
}
why-other_arrival = Ya ha empezado este estudio, con otro envío o en otro navegador. Si fue usted, puede seguir donde estaba; entonces cuenta este envío.
why-part_unknown = Este enlace lleva a una parte posterior de un estudio. No hemos encontrado una primera parte completada por usted. Utilice el enlace o la cuenta con los que hizo la primera parte.
why-part_early = Puede empezar esta parte a partir del { DATETIME($at, dateStyle: "long", timeStyle: "short") }. Vuelva entonces, por favor.
why-part_late = Podía empezar esta parte hasta el { DATETIME($at, dateStyle: "long", timeStyle: "short") }. Ahora está cerrada. Gracias por volver.
why-ended = Ha pasado demasiado tiempo para seguir con esta sesión.

text-practice =
    # Práctica

    Primero unos ensayos para practicar. No cuentan.
text-practice_again =
    # Otra vez

    Aún no eran correctas todas las respuestas. Practique una vez más.
text-half_way =
    # A mitad de camino

    Ha hecho la mitad de esta parte.
text-phase_change =
    # Ahora cuenta

    Empieza la parte siguiente.
text-declined =
    # Gracias

    Ha decidido no participar. No se ha guardado nada sobre usted.
text-screened_out =
    # Gracias

    Este estudio no encaja esta vez. Gracias por su interés.
text-timed_out =
    # Esta sesión ha terminado

    Ha pasado demasiado tiempo para seguir con ella.
text-returned =
    # Esta sesión ha terminado

    El estudio se ha devuelto.
text-withdrawn =
    # Se ha retirado

    Ya no participa. Lo que estaba guardado de su participación se ha borrado.
text-expired =
    # Esta sesión ha terminado

    Sus respuestas se guardaron el tiempo acordado y después se borraron.
text-completed =
    # Gracias

    Todas sus respuestas están guardadas.
text-paid_already =
    # Ya ha participado

    Su participación en este estudio ya está aceptada y se paga una vez. Devuelva este nuevo envío: en él no queda nada por hacer.
text-mturk_preview =
    # Vista previa

    Acepte el HIT para participar.
