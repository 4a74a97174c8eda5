# The deliberately broken variants of shipped code: each is the simulator with one line changed, built by
# target sim_mutants and run by `sim --mutants`.
# sim_mutant(NAME FILE FROM TO WHAT)
set(sim_mutant_lines "")
add_custom_target(sim_mutants DEPENDS sim)

function(sim_mutant name file from to what)
    set(dir "${CMAKE_CURRENT_BINARY_DIR}/mutants/${name}")
    set(out "${dir}/${file}")
    add_custom_command(OUTPUT "${out}"
        COMMAND ${CMAKE_COMMAND} "-DIN=${PROJECT_SOURCE_DIR}/${file}" "-DOUT=${out}" "-DFROM=${from}"
                "-DTO=${to}" -P "${CMAKE_CURRENT_SOURCE_DIR}/mutate.cmake"
        DEPENDS "${PROJECT_SOURCE_DIR}/${file}" "${CMAKE_CURRENT_SOURCE_DIR}/mutate.cmake"
        VERBATIM)
    if(file MATCHES "[.]def$")
        # Its users are compiled anew; they find the changed table first.
        set(sources "${PROJECT_SOURCE_DIR}/common/domain/stop_engine.c"
            "${PROJECT_SOURCE_DIR}/common/domain/stop_engine_table.c")
        set_property(SOURCE ${sources} APPEND PROPERTY OBJECT_DEPENDS "${out}")
    else()
        set(sources "${out}")
        set_source_files_properties("${out}" PROPERTIES COMPILE_OPTIONS "-w")
    endif()
    sim_program(sim-${name} ${sources})
    target_include_directories(sim-${name} BEFORE PRIVATE "${dir}")
    set_target_properties(sim-${name} PROPERTIES EXCLUDE_FROM_ALL ON)
    add_dependencies(sim_mutants sim-${name})
    string(APPEND sim_mutant_lines "MUTANT(\"${name}\", \"${what}\")\n")
    set(sim_mutant_lines "${sim_mutant_lines}" PARENT_SCOPE)
endfunction()

sim_mutant(second-signal worker/host/stopper_run.c
    ".signalled = signal != NULL," ".signalled = false,"
    "a second stop signal after a restart")
sim_mutant(grace-restarted worker/host/stopper_run.c
    "this_boot(task, signal) ? signal->sent_boot_ms : now" "this_boot(task, signal) ? now : now"
    "the grace starts anew after a restart")
sim_mutant(kill-early common/domain/stop_engine.c
    "begun, run->grace_ms, &deadline" "begun, run->grace_ms / 2, &deadline"
    "SIGKILL at half of the grace")
sim_mutant(kill-after-exit common/domain/stop_engine.def
    "STOP_EDGE(GRACE, INSPECTED_ENDED, ALWAYS, ENDED, DO_RECORD_EXIT, \"it obeyed\")"
    "STOP_EDGE(GRACE, INSPECTED_ENDED, ALWAYS, KILLING, DO_RECORD_EXIT | DO_KILL, \"it obeyed\")"
    "SIGKILL after the exit was recorded")
sim_mutant(kill-is-proof worker/host/stopper_call.c
    "container->status == RUNTIME_CREATED &&" "slot->machine.kill_recorded &&"
    "SIGKILL that was sent counts as an end")
sim_mutant(no-order common/domain/plan.c
    "return plan_blocker(task, planned) == NULL" "return planned != NULL || plan_blocker(task, planned) == NULL"
    "the order of containers is ignored")
sim_mutant(said-early worker/host/stopper_call.c
    "[RUNTIME_NO_ANSWER] = STOP_ON_NO_ANSWER" "[RUNTIME_NO_ANSWER] = STOP_ON_SENT"
    "SignalSent although the engine has not answered")
sim_mutant(seen-early worker/host/projector_fold.c
    "put_up_to(&projector->batch), puts" "put_up_to(&projector->batch) + 1, puts"
    "seen is moved past a record that was not applied")
sim_mutant(commit-early worker/host/stopper.c
    "if (!settled_by_base(task, request))" "if (request->offset < 0 && !settled_by_base(task, request))"
    "the commit is moved past an unfinished stop")
sim_mutant(duplicate-tag common/domain/fold_tags.c
    "if (text_list_holds(&task->tagged_ids, event->id))" "if (event->id == NULL)"
    "a repeated TaskTagged is folded twice")
sim_mutant(grace-reverted common/domain/fold.c
    "if (names_more && accepted->requests.count >= named_before)" "if (accepted->requests.count > 0)"
    "an older plan that comes again takes a newer grace back")
sim_mutant(end-twice common/domain/reduce.c
    "if (!task_is_terminal(task)) {" "if (event->id != NULL) {"
    "what comes after the end is folded")
sim_mutant(foreign-run worker/host/stopper_finish.c
    "!env->claimed(env->context, task->entry.key, run);" "env->claimed != NULL;"
    "a run of another task is taken into a plan")
sim_mutant(no-last-look worker/host/stopper_finish.c
    "if (ids == NULL || stopper_probe_start(task, ids, count, on_looked, &err) != 0) {"
    "(void)on_looked, (void)err, write_stopped(task); if (ids == NULL) {"
    "TaskStopped without the last look at the containers")
sim_mutant(base-older worker/host/projector_fold.c
    "bool newer = offset > base->pos;" "bool newer = offset != base->pos;"
    "records below the base of another pass are folded into it")
sim_mutant(repeat-unsaid common/domain/stop_engine.c
    "run->maybe_repeated |= run->intents > 1" "run->maybe_repeated |= run->intents > 9"
    "a repeated signal is not said to be repeated")
sim_mutant(other-runs-code worker/host/exit_result.c
    "    if (!same) {" "    if (!same && container == NULL) {"
    "the exit code of a later run is said of an earlier one")
sim_mutant(end-invents worker/host/stopper_finish.c
    "results[i] = *task_exit(&task->own, run_of_planned(&task->own.plan.items[i]));"
    "results[i] = *task_exit(&task->own, run_of_planned(&task->own.plan.items[0]));"
    "the end gives every run the result of the first")
sim_mutant(no-takeover worker/host/stopper_recovery.c
    "    take_journal(stopper);" "    (void)take_journal;"
    "what older journals say of stops is not taken over")
sim_mutant(pre-stop-twice worker/host/stopper_pre_stop.c
    "machine->pre_stop_left = planned->pre_stop != NULL && known == NULL;"
    "machine->pre_stop_left = planned->pre_stop != NULL;"
    "a pre-stop command is run again after a restart")
sim_mutant(pre-stop-unwaited common/domain/stop_engine.def
    "STOP_EDGE(PRE_STOP, PRE_STOP_RUNS, ALWAYS, PRE_STOP, DO_PROGRESS | DO_ARM_CHECK,"
    "STOP_EDGE(PRE_STOP, PRE_STOP_RUNS, ALWAYS, CHECKING, DO_PROGRESS | DO_INSPECT,"
    "the stop signal does not wait for the pre-stop command")
sim_mutant(grace-from-signal common/domain/stop_engine.c
    "int64_t begun = run->pre_stopped ? run->pre_stop_boot_ms : run->signalled_boot_ms;"
    "int64_t begun = run->pre_stopped ? run->pre_stop_boot_ms - 400 : run->signalled_boot_ms;"
    "the grace begins before the pre-stop command")
sim_mutant(no-settling worker/host/stopper_recovery.c
    "machine->intended = !machine->signalled;" "machine->intended = false;"
    "an intent without its fact is not settled by the engine's history")
sim_mutant(partial-trusted worker/host/stopper.c
    "stopper->journal_found = stopper->found.any && !stopper->found.partial;"
    "stopper->journal_found = stopper->found.any;"
    "a journal that may lack signals is acted by while Kafka is away")
sim_mutant(lack-unmarked worker/host/journal.c
    "        journal_lacks(journal);" "        journal->failed = true;"
    "a journal that could not be written is not known to lack something")
sim_mutant(no-resend worker/host/stopper.c
    "if (!item->delivered &&" "if (item->kind == JOURNAL_INTENT &&"
    "what older journals hold undelivered is not sent")
sim_mutant(ended-leaves worker/host/observation.c
    "if (found.description.containers.count > 0 &&" "if (found.description.containers.count > 99 &&"
    "a container that ends while others of its task run leaves it")
sim_mutant(ended-invents worker/host/ended_members.c
    "ended->exit_code = result.exit_code;"
    "ended->exit_code = result.exit_code, ended->exit_code.known = true;"
    "a container that ended unseen is given an exit code")

file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/sim_mutants.def" CONTENT "${sim_mutant_lines}" @ONLY)
