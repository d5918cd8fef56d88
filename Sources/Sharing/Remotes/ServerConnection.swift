import CLibgit2
import Foundation
import HTTP
import Store

/// A git server, spoken to through libgit2.
struct ServerConnection {
    let url: String
    let login: ServerLogin
    let limits: ReceivingLimits

    /// Servers that one leads to, at most.
    private static let redirections = 4

    /// The refs of the server; `HEAD` is none.
    func references(for repository: GitRepository) throws -> [RemoteReference] {
        try conversing(for: repository, service: "git-upload-pack") { remote, conversation in
            var options = git_remote_connect_options()
            try check(git_remote_connect_options_init(&options, UInt32(GIT_REMOTE_CONNECT_OPTIONS_VERSION)))
            options.callbacks = try conversation.callbacks()
            options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
            try conversation.withProxy { proxy in
                options.proxy_opts = proxy
                try check(git_remote_connect_ext(remote, GIT_DIRECTION_FETCH, &options), conversation)
            }
            defer { git_remote_disconnect(remote) }
            var heads: UnsafeMutablePointer<UnsafePointer<git_remote_head>?>?
            var count = 0
            try check(git_remote_ls(&heads, &count, remote))
            return (0..<count).compactMap { index in
                guard let head = heads?[index]?.pointee, let name = head.name.map({ String(cString: $0) }),
                    name.hasPrefix("refs/"), !name.hasSuffix("^{}"), !name.hasPrefix(PendingCommits.references)
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
        options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        try conversing(for: repository, service: "git-upload-pack") { remote, conversation in
            options.callbacks = try conversation.callbacks()
            let specs = patterns.map { "\($0):refs/received/\($0.dropFirst("refs/".count))" }
            try conversation.withProxy { proxy in
                options.proxy_opts = proxy
                try withStrings(specs) { try check(git_remote_download(remote, $0, &options), conversation) }
            }
        }
    }

    /// Moves refs of the server, each forwards only.
    func push(_ specs: [String], from repository: GitRepository) throws {
        var options = git_push_options()
        try check(git_push_options_init(&options, UInt32(GIT_PUSH_OPTIONS_VERSION)))
        options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        try conversing(for: repository, service: "git-receive-pack") { remote, conversation in
            options.callbacks = try conversation.callbacks()
            let status = conversation.withProxy { proxy in
                options.proxy_opts = proxy
                return withStrings(specs) { git_remote_push(remote, $0, &options) }
            }
            if status == GIT_ENONFASTFORWARD.rawValue {
                throw RemoteError.behind(remote: url, references: ["newer builds"])
            }
            try check(status, conversation)
            if let (reference, reason) = conversation.rejection {
                throw RemoteError.rejected(remote: url, reference: reference, reason: reason)
            }
        }
    }

    /// Runs a conversation with the server, or with the one that it leads to. Libgit2 follows no redirection: it would take
    /// the login along to any host.
    private func conversing<Result>(
        for repository: GitRepository, service: String, _ body: (OpaquePointer, Conversation) throws -> Result
    ) throws -> Result {
        var login = login
        var address = url
        for _ in 0..<Self.redirections {
            let conversation = try Conversation(login: login, service: service, limits: limits)
            do {
                return try conversing(at: address, for: repository, conversation, body)
            } catch let failure as RemoteError {
                guard conversation.isRedirected, case .web(let server) = login else { throw failure }
                login = .web(try destination(of: server, service))
                if case .web(let next) = login { address = next.url.absoluteString }
            }
        }
        throw RemoteError.unreachable(remote: url, reason: "it redirects more than \(Self.redirections) times")
    }

    private func destination(of server: LoginServer, _ service: String) throws -> LoginServer {
        do {
            guard let target = try server.redirection(for: service) else {
                throw RemoteError.unreachable(remote: url, reason: "it redirects nowhere")
            }
            guard server.settings.followsRedirections(of: server.url) else {
                throw RemoteError.unreachable(
                    remote: url, reason: "it redirects to \(target.absoluteString); http.followRedirects forbids to go there")
            }
            return server.at(target)
        } catch let failure as HTTPFailure {
            throw RemoteError.unreachable(remote: url, reason: failure.reason)
        }
    }

    private func conversing<Result>(
        at address: String, for repository: GitRepository, _ conversation: Conversation,
        _ body: (OpaquePointer, Conversation) throws -> Result
    ) throws -> Result {
        var options = git_remote_create_options()
        try check(git_remote_create_options_init(&options, UInt32(GIT_REMOTE_CREATE_OPTIONS_VERSION)))
        options.repository = repository.pointer
        // `url.<base>.insteadOf` has been heeded by now.
        options.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF.rawValue
        var remote: OpaquePointer?
        try check(git_remote_create_with_opts(&remote, address, &options))
        guard let remote else { throw RemoteError.unreachable(remote: url, reason: "no connection came back") }
        defer { git_remote_free(remote) }
        return try withExtendedLifetime(conversation) { try body(remote, conversation) }
    }

    private func check(_ status: Int32, _ conversation: Conversation? = nil) throws {
        guard status < 0 else { return }
        if conversation?.isRedirected == true { throw RemoteError.unreachable(remote: url, reason: "it redirects") }
        if let refusal = conversation?.refusal { throw RemoteError.refused(remote: url, refusals: [refusal]) }
        if status == GIT_EAUTH.rawValue {
            throw RemoteError.unreachable(
                remote: url,
                reason:
                    "it took no login; over HTTP put a user and a password into the address or set up git's credential helper, "
                    + "over SSH load a key into ssh-agent or have one without a passphrase in ~/.ssh")
        }
        if status == GIT_ECERTIFICATE.rawValue, let reason = conversation?.unknownAuthority {
            throw RemoteError.unreachable(remote: url, reason: reason)
        }
        let message = git_error_last().flatMap { $0.pointee.message.map { String(cString: $0) } }
        conversation?.take(message)
        throw RemoteError.unreachable(remote: url, reason: message ?? "libgit2 error \(status)")
    }
}

/// What libgit2 asks and tells while it speaks with a server.
private final class Conversation {
    private let login: ServerLogin
    /// What git calls the other side.
    private let service: String
    private let limits: ReceivingLimits
    private let rule: ConnectionRule?
    private var logins = 0
    private(set) var refusal: Refusal?
    /// When the pack began to come.
    private var start: ContinuousClock.Instant?
    private(set) var rejection: (reference: String, reason: String)?
    /// Whether the server leads elsewhere.
    private(set) var isRedirected = false

    init(login: ServerLogin, service: String, limits: ReceivingLimits) throws {
        self.login = login
        self.service = service
        self.limits = limits
        if case .web(let server) = login {
            let rule = server.settings.rule(for: server.url)
            try Authorities.use(rule, for: server.url)
            self.rule = rule
        } else {
            rule = nil
        }
    }

    /// What to tell about a certificate that libgit2 does not take; `nil` over SSH.
    var unknownAuthority: String? {
        guard case .web(let server) = login else { return nil }
        return rule?.unknownAuthority(of: server.url)
    }

    /// - Parameter message: libgit2's, the only place where it says so.
    func take(_ message: String?) { if message?.contains("redirect") == true { isRedirected = true } }

    /// Runs a step with the proxy as libgit2 takes it.
    func withProxy<Value>(_ step: (git_proxy_options) throws -> Value) rethrows -> Value {
        var options = git_proxy_options()
        git_proxy_options_init(&options, UInt32(GIT_PROXY_OPTIONS_VERSION))
        guard let proxy = rule?.proxy else {
            options.type = GIT_PROXY_NONE
            return try step(options)
        }
        options.type = GIT_PROXY_SPECIFIED
        return try proxy.withCString { text in
            options.url = text
            return try step(options)
        }
    }

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
        if rule?.checksCertificate == false {
            callbacks.certificate_check = { _, _, _, _ in 0 }
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

    /// Whether it is this server that asks. Libgit2 goes on to another port of the same host without a word, so the question is
    /// put to the server once more, by a way that says who answers.
    private func isServer(_ server: LoginServer) -> Bool {
        guard let target = try? server.redirection(for: service), WebOrigin(target) != WebOrigin(server.url) else {
            return true
        }
        isRedirected = true
        return false
    }

    /// An agent's key or one of the usual files for SSH, a login for HTTP; each is tried once.
    private func answer(_ out: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>?, user: String?, allowed: UInt32)
        -> Int32
    {
        logins += 1
        if case .web(let server) = login {
            guard allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT.rawValue != 0, logins == 1, isServer(server) else {
                return GIT_EAUTH.rawValue
            }
            guard let login = server.credentials.ask() else { return GIT_EAUTH.rawValue }
            return git_credential_userpass_plaintext_new(out, login.user, login.password)
        }
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
        return GIT_EAUTH.rawValue
    }

    private func receive(_ progress: git_indexer_progress) -> Int32 {
        if Int(progress.total_objects) > limits.gitObjects {
            refusal = Refusal(
                subject: "the pack",
                reason: "\(progress.total_objects) git objects are more than the \(limits.gitObjects) that are taken")
        } else if progress.received_bytes > limits.packBytes {
            refusal = Refusal(subject: "the pack", reason: "it has more than the \(limits.packBytes) bytes that are taken")
        } else {
            // As in downloads: a server that drips is not waited for. Libgit2 knows no such limit.
            let now = ContinuousClock.now
            let seconds = (now - (start ?? now)) / .seconds(1)
            start = start ?? now
            if seconds > 60, Double(progress.received_bytes) / 8192 < seconds - 60 {
                refusal = Refusal(
                    subject: "the pack", reason: "only \(progress.received_bytes) bytes came in \(Int(seconds)) seconds")
            }
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
