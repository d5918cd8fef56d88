#pragma once
#include "containment.h"

/// Where one of the parts failed, for the report.
typedef const char *step_t;

/// Makes the inner root and enters it; needs namespaces of users, mounts and processes.
///
/// - Returns: the step that failed, with errno, or a null pointer.
step_t containment_enter_root(const struct containment *containment);

/// Limits of each process.
step_t containment_set_limits(const struct containment *containment);

/// Gives up every privilege, and the system calls that no command needs.
step_t containment_give_up_privileges(int has_namespaces);

/// Lets this process and its children reach the paths alone, and no process above them.
step_t containment_enter_domain(const struct containment *containment);

/// Kills the session that `leader` began, and whatever became this process's child when its parent ended.
void containment_kill_children(pid_t leader);
