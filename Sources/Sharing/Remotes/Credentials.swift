import Foundation
import HTTP
import Store
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

    /// The login for a server that was not named by a person: git's credential helpers know it, or nobody does.
    init(for url: URL) {
        self.url = url
        user = nil
        state = Mutex(.unasked)
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

    /// What `git credential` reads: a field a line. `nil` where a field would be several, and so a question about another host.
    static func question(_ url: URL, user: String?) -> String? {
        guard let scheme = url.scheme?.lowercased(), let host = url.host(percentEncoded: false), !host.isEmpty else {
            return nil
        }
        var fields = ["protocol=\(scheme)", "host=\(url.port.map { "\(host):\($0)" } ?? host)"]
        fields.append("path=\(url.path(percentEncoded: false).dropFirst())")
        if let user { fields.append("username=\(user)") }
        let isPlain = fields.allSatisfy { field in
            !field.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
        }
        guard isPlain, !host.contains("/"), !host.contains("@") else { return nil }
        return fields.joined(separator: "\n") + "\n\n"
    }

    /// `git credential fill`, which asks nobody on a terminal. The answer goes through a pipe, never through a file.
    static func fill(
        _ url: URL, user: String?, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> Login? {
        guard let question = question(url, user: user) else { return nil }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git", "credential", "fill"]
        process.environment = environment.merging(["GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true"]) { $1 }
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        try? input.fileHandleForWriting.write(contentsOf: Data(question.utf8))
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
