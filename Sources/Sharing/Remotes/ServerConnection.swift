import CLibgit2
import Foundation
import Store

/// A git server, spoken to through libgit2.
struct ServerConnection {
    let url: String
    let login: @Sendable () -> Login?
    let limits: ReceivingLimits

    /// The refs of the server; `HEAD` is none.
    func references(for repository: GitRepository) throws -> [RemoteReference] {
        try conversing(for: repository) { remote, conversation in
            var callbacks = try conversation.callbacks()
            var proxy = git_proxy_options()
            try check(git_proxy_options_init(&proxy, UInt32(GIT_PROXY_OPTIONS_VERSION)))
            proxy.type = GIT_PROXY_AUTO
            try check(git_remote_connect(remote, GIT_DIRECTION_FETCH, &callbacks, &proxy, nil), conversation)
            defer { git_remote_disconnect(remote) }
            var heads: UnsafeMutablePointer<UnsafePointer<git_remote_head>?>?
            var count = 0
            try check(git_remote_ls(&heads, &count, remote))
            return (0..<count).compactMap { index in
                guard let head = heads?[index]?.pointee, let name = head.name.map({ String(cString: $0) }),
                    name.hasPrefix("refs/"), !name.hasSuffix("^{}")
                else { return nil }
                return RemoteReference(name: name, object: CommitID(hex: GitRepository.hex(head.oid)))
            }
        }
    }

    /// Brings what refs name and a repository lacks into that repository, as a pack.
    ///
    /// - Parameter patterns: names of refs; a `*` stands for anything.
    func fetch(_ patterns: [String], into repository: GitRepository) throws {
        var options = git_fetch_options()
        try check(git_fetch_options_init(&options, UInt32(GIT_FETCH_OPTIONS_VERSION)))
        options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE
        options.proxy_opts.type = GIT_PROXY_AUTO
        try conversing(for: repository) { remote, conversation in
            options.callbacks = try conversation.callbacks()
            let specs = patterns.map { "\($0):refs/received/\($0.dropFirst("refs/".count))" }
            try withStrings(specs) { try check(git_remote_download(remote, $0, &options), conversation) }
        }
    }

    /// Moves refs of the server, each forwards only.
    func push(_ specs: [String], from repository: GitRepository) throws {
        var options = git_push_options()
        try check(git_push_options_init(&options, UInt32(GIT_PUSH_OPTIONS_VERSION)))
        options.proxy_opts.type = GIT_PROXY_AUTO
        try conversing(for: repository) { remote, conversation in
            options.callbacks = try conversation.callbacks()
            let status = withStrings(specs) { git_remote_push(remote, $0, &options) }
            if status == GIT_ENONFASTFORWARD.rawValue {
                throw RemoteError.behind(remote: url, references: ["newer builds"])
            }
            try check(status, conversation)
            if let (reference, reason) = conversation.rejection {
                throw RemoteError.rejected(remote: url, reference: reference, reason: reason)
            }
        }
    }

    private func conversing<Result>(
        for repository: GitRepository, _ body: (OpaquePointer, Conversation) throws -> Result
    ) throws -> Result {
        var remote: OpaquePointer?
        try check(git_remote_create_anonymous(&remote, repository.pointer, url))
        guard let remote else { throw RemoteError.unreachable(remote: url, reason: "no connection came back") }
        defer { git_remote_free(remote) }
        let conversation = Conversation(login: login, limits: limits)
        return try withExtendedLifetime(conversation) { try body(remote, conversation) }
    }

    private func check(_ status: Int32, _ conversation: Conversation? = nil) throws {
        guard status < 0 else { return }
        if let refusal = conversation?.refusal { throw RemoteError.refused(remote: url, refusals: [refusal]) }
        if status == GIT_EAUTH.rawValue {
            throw RemoteError.unreachable(
                remote: url,
                reason:
                    "it took no login; over HTTP put a user and a password into the address or set up git's credential helper, "
                    + "over SSH load a key into ssh-agent or have one without a passphrase in ~/.ssh")
        }
        let message = git_error_last().flatMap { $0.pointee.message.map { String(cString: $0) } }
        throw RemoteError.unreachable(remote: url, reason: message ?? "libgit2 error \(status)")
    }
}

/// What libgit2 asks and tells while it speaks with a server.
private final class Conversation {
    private let login: () -> Login?
    private let limits: ReceivingLimits
    private var logins = 0
    private(set) var refusal: Refusal?
    private(set) var rejection: (reference: String, reason: String)?

    init(login: @escaping () -> Login?, limits: ReceivingLimits) { (self.login, self.limits) = (login, limits) }

    /// Valid as long as this object lives.
    func callbacks() throws(StoreError) -> git_remote_callbacks {
        var callbacks = git_remote_callbacks()
        try GitRepository.check(
            git_remote_init_callbacks(&callbacks, UInt32(GIT_REMOTE_CALLBACKS_VERSION)), "speak with a remote")
        callbacks.payload = Unmanaged.passUnretained(self).toOpaque()
        callbacks.credentials = { out, _, user, allowed, payload in
            Conversation.from(payload).answer(out, user: user.map { String(cString: $0) }, allowed: allowed)
        }
        callbacks.transfer_progress = { progress, payload in
            guard let progress else { return 0 }
            return Conversation.from(payload).receive(progress.pointee)
        }
        callbacks.push_update_reference = { name, status, payload in
            guard let name, let status else { return 0 }
            Conversation.from(payload).rejection = (String(cString: name), String(cString: status))
            return 0
        }
        return callbacks
    }

    private static func from(_ payload: UnsafeMutableRawPointer?) -> Conversation {
        guard let payload else { preconditionFailure("libgit2 lost its payload") }
        return Unmanaged<Conversation>.fromOpaque(payload).takeUnretainedValue()
    }

    /// An agent's key or one of the usual files for SSH, a login for HTTP; each is tried once.
    private func answer(_ out: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>?, user: String?, allowed: UInt32)
        -> Int32
    {
        logins += 1
        let user = user ?? "git"
        if allowed & GIT_CREDENTIAL_USERNAME.rawValue != 0 { return git_credential_username_new(out, user) }
        if allowed & GIT_CREDENTIAL_SSH_KEY.rawValue != 0 {
            if logins == 1, getenv("SSH_AUTH_SOCK") != nil { return git_credential_ssh_key_from_agent(out, user) }
            let home = ProcessInfo.processInfo.environment["HOME"] ?? NSHomeDirectory()
            let folder = URL(fileURLWithPath: home).appending(path: ".ssh")
            let keys = ["id_ed25519", "id_ecdsa", "id_rsa"].map { folder.appending(path: $0).path }
                .filter(FileManager.default.fileExists)
            let index = logins - (getenv("SSH_AUTH_SOCK") == nil ? 1 : 2)
            guard keys.indices.contains(index) else { return GIT_EAUTH.rawValue }
            return git_credential_ssh_key_new(out, user, keys[index] + ".pub", keys[index], "")
        }
        guard allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT.rawValue != 0, logins == 1, let login = login() else {
            return GIT_EAUTH.rawValue
        }
        return git_credential_userpass_plaintext_new(out, login.user, login.password)
    }

    private func receive(_ progress: git_indexer_progress) -> Int32 {
        if Int(progress.total_objects) > limits.gitObjects {
            refusal = Refusal(
                subject: "the pack",
                reason: "\(progress.total_objects) git objects are more than the \(limits.gitObjects) that are taken")
        } else if progress.received_bytes > limits.packBytes {
            refusal = Refusal(subject: "the pack", reason: "it has more than the \(limits.packBytes) bytes that are taken")
        }
        return refusal == nil ? 0 : GIT_EUSER.rawValue
    }
}

/// Strings as libgit2 takes them.
private func withStrings<Result>(_ strings: [String], _ body: (UnsafePointer<git_strarray>) throws -> Result) rethrows -> Result
{
    var pointers = strings.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    return try pointers.withUnsafeMutableBufferPointer { buffer in
        var list = git_strarray(strings: buffer.baseAddress, count: buffer.count)
        return try body(&list)
    }
}
