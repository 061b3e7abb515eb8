import { type Kit, kit } from "./kit";
import type { TaskPlugin } from "./task";

type Outside = (kit: Kit) => TaskPlugin;

// Every file in tasks/ is a task: a new one needs no line here.
const modules = import.meta.glob<{ default: TaskPlugin }>("./tasks/*.ts", { eager: true });

/** Task name -> jsPsych plugin. */
export const tasks: Map<string, TaskPlugin> = new Map(
  Object.values(modules).map((module) => [module.default.info.name, module.default]),
);

/** The plugin of a task from another package could not be loaded. */
export class PluginFailed extends Error {}

/**
 * Loads the plugin of a task from another package. Its module exports, by default, a function that
 * gets the {@link kit} and returns the plugin's class.
 */
export async function loadPlugin(task: string, url: string): Promise<void> {
  if (tasks.has(task)) return;
  let plugin: TaskPlugin;
  try {
    const module = (await import(/* @vite-ignore */ url)) as { default: Outside };
    plugin = module.default(kit);
  } catch (error) {
    throw new PluginFailed(`the plugin of the task ${task} does not load: ${String(error)}`);
  }
  if (plugin?.info?.name !== task)
    throw new PluginFailed(`the plugin at ${url} is not of the task ${task}`);
  tasks.set(task, plugin);
}

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
