import type { Operations } from "../../hotkeys/action.ts";
import type { AppServices } from "../context.ts";
import { createAnnotate, createLabel, createTaint } from "./change-metadata.ts";
import { createApprove, createDeny } from "./approve-requests.ts";
import { createAttach } from "./attach.ts";
import { createBrowse } from "./browse.ts";
import { createCopy } from "./copy.ts";
import { createCopyFiles } from "./copy-files.ts";
import { createCordon } from "./cordon.ts";
import { createDuplicate, createNewObject } from "./create-object.ts";
import { createDebug } from "./debug.ts";
import { createDelete } from "./delete.ts";
import { createDrain } from "./drain.ts";
import { createEdit } from "./edit.ts";
import { createEvict, createKill } from "./evict.ts";
import { createExpand } from "./expand.ts";
import { createApplyManifests, createCompareManifests, createDeleteManifests } from "./manifests.ts";
import { createNodeShell } from "./node-shell.ts";
import { createPause, createSuspendJobs } from "./switch-field.ts";
import { createRollBackRelease } from "./helm/roll-back-release.ts";
import { createUninstallRelease } from "./helm/uninstall-release.ts";
import { createPortForward } from "./port-forward.ts";
import { createRestart } from "./restart.ts";
import { createRollBack, createRollBackTo } from "./roll-back.ts";
import { createRunNow } from "./run-now.ts";
import { createScale } from "./scale.ts";
import { createSetImage } from "./set-image.ts";
import { createShell } from "./shell.ts";
import { createUndo } from "./undo.ts";

/** Everything that acts. `write` puts bytes on the terminal beside the screen. */
export function createOperations(services: AppServices, write: (sequence: string) => void): Operations {
  return {
    delete: createDelete(services),
    scale: createScale(services),
    restart: createRestart(services),
    setImage: createSetImage(services),
    edit: createEdit(services),
    shell: createShell(services),
    attach: createAttach(services),
    debug: createDebug(services),
    copyFiles: createCopyFiles(services),
    nodeShell: createNodeShell(services),
    createObject: createNewObject(services),
    duplicate: createDuplicate(services),
    portForward: createPortForward(services),
    copy: createCopy(services, write),
    browse: createBrowse(services),
    cordon: createCordon(services),
    drain: createDrain(services),
    taint: createTaint(services),
    label: createLabel(services),
    annotate: createAnnotate(services),
    evict: createEvict(services),
    kill: createKill(services),
    pause: createPause(services),
    suspend: createSuspendJobs(services),
    runNow: createRunNow(services),
    rollBack: createRollBack(services),
    rollBackTo: createRollBackTo(services),
    rollBackRelease: createRollBackRelease(services),
    uninstallRelease: createUninstallRelease(services),
    expand: createExpand(services),
    applyManifests: createApplyManifests(services),
    deleteManifests: createDeleteManifests(services),
    compareManifests: createCompareManifests(services),
    approve: createApprove(services),
    deny: createDeny(services),
    undo: createUndo(services),
  };
}
