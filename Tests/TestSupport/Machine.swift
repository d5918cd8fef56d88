/// What this machine's kernel and tools allow.
package enum Machine {
    package static let hasPip = ProgramRun.succeeds(["python3", "-m", "pip", "--version"])

    package static let hasNamespaces = ProgramRun.succeeds(
        ["unshare", "--user", "--map-current-user", "--net", "--pid", "--fork", "--kill-child", "--", "true"])

    /// Inside this wrapper the kernel allows no namespaces.
    package static let withoutNamespaces =
        !hasNamespaces
        ? []
        : [
            "unshare", "--user", "--map-root-user", "--", "sh", "-c",
            #"echo 0 > /proc/sys/user/max_user_namespaces && exec "$@""#, "sh",
        ]

    package static let canForbidNamespaces = ProgramRun.succeeds(withoutNamespaces + ["sh", "-c", "! unshare --user true"])
}
