import type { TaskPlugin } from "./task";

// Every file in tasks/ is a task: a new one needs no line here.
const modules = import.meta.glob<{ default: TaskPlugin }>("./tasks/*.ts", { eager: true });

/** Task name -> jsPsych plugin. */
export const tasks: ReadonlyMap<string, TaskPlugin> = new Map(
  Object.values(modules).map((module) => [module.default.info.name, module.default]),
);

/**
 * Parameters for one trial's plugin: the task's `show`, then the study's parameters, as far as the
 * plugin declares them, so that a stray key can never become a setting of jsPsych's.
 */
export function parametersFor(
  plugin: TaskPlugin,
  show: Record<string, unknown>,
  study: Record<string, unknown>,
  common: Record<string, unknown>,
): Record<string, unknown> {
  const given = { ...study, ...show, ...common };
  return Object.fromEntries(
    Object.keys(plugin.info.parameters)
      .filter((name) => given[name] !== undefined)
      .map((name) => [name, given[name]]),
  );
}
