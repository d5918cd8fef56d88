import Foundation
import Synchronization

/// A user and a password for a server.
struct Login: Hashable, Sendable {
    var user: String
    var password: String
}

/// The login for a server: from the address, else from git's credential helpers, which are asked once.
final class Credentials: Sendable {
    private enum State {
        case unasked
        case known(Login?)
    }

    private let url: URL
    private let user: String?
    private let state: Mutex<State>

    init(of address: RemoteAddress, for url: URL) {
        self.url = url
        user = address.user
        state = Mutex(address.login.map { .known($0) } ?? .unasked)
    }

    /// The login that is known already.
    var known: Login? { state.withLock { if case .known(let login) = $0 { login } else { nil } } }

    /// The known login, else the one that git's credential helpers give.
    func ask() -> Login? {
        state.withLock { state in
            if case .known(let login) = state { return login }
            let login = Self.fill(url, user: user)
            state = .known(login)
            return login
        }
    }

    /// `git credential fill`, which asks nobody on a terminal. The answer goes through a pipe, never through a file.
    static func fill(
        _ url: URL, user: String?, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> Login? {
        guard let scheme = url.scheme, let host = url.host else { return nil }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git", "credential", "fill"]
        process.environment = environment.merging(["GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true"]) { $1 }
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let place = url.port.map { "\(host):\($0)" } ?? host
        let question =
            ["protocol=\(scheme)", "host=\(place)", "path=\(url.path.dropFirst())"] + (user.map { ["username=\($0)"] } ?? [])
        try? input.fileHandleForWriting.write(contentsOf: Data((question.joined(separator: "\n") + "\n\n").utf8))
        try? input.fileHandleForWriting.close()
        let answer = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return nil }
        var fields: [String: String] = [:]
        for line in answer.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { fields[String(parts[0])] = String(parts[1]) }
        }
        guard let user = fields["username"], let password = fields["password"], !password.isEmpty else { return nil }
        return Login(user: user, password: password)
    }
}

extension Login {
    /// The value of an `Authorization` header.
    var header: String { "Basic " + Data("\(user):\(password)".utf8).base64EncodedString() }
}
