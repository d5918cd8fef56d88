import Foundation
import Programs

/// `ssh-keygen` with a text and its signature in a folder of their own, which goes with this value.
final class KeygenRun {
    private let program: String
    private let environment: [String: String]
    private let folder: URL

    init(_ program: String, environment: [String: String], content: [UInt8], signature: String) throws {
        self.program = program
        self.environment = environment
        folder = URL.temporaryDirectory.appending(path: "decant-verify-\(UUID().uuidString)", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try Data(content).write(to: folder.appending(path: "content"))
        try Data(signature.utf8).write(to: folder.appending(path: "signature"))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// - Parameter principals: who must have signed; whoever is allowed where empty.
    func verdict(
        signers: URL?, revoked: URL?, time: Date, namespace: String, by principals: [String]
    ) throws -> SignatureVerdict {
        var objections = ""
        if let signers {
            let options = ["-f", signers.path, "-Overify-time=" + Self.text(time)]
            let found = try run(["find-principals"] + options)
            let listed = found.isDone ? found.output.split(whereSeparator: \.isNewline).map(String.init) : []
            objections = found.errors
            for principal in listed.isEmpty ? [] : principals + listed {
                let question = ["verify", "-n", namespace, "-I", principal] + options
                let checked = try run(question)
                objections += "\n" + checked.errors
                guard checked.isDone, let key = Self.key(in: checked.output) else { continue }
                // It does not say of itself that a key is revoked.
                if let revoked, try !run(question + ["-r", revoked.path]).isDone { return .bad("the key \(key) is revoked") }
                if principals.isEmpty || principals.contains(principal) { return .valid(principal: principal, key: key) }
                return .bad("it is by \(principal), not by \(principals.joined(separator: " or "))")
            }
        }
        let fitting = try run(["check-novalidate", "-n", namespace])
        guard fitting.isDone, let key = Self.key(in: fitting.output) else {
            return .bad(Self.reason(in: fitting.errors) ?? "it does not fit")
        }
        return Self.objection(in: objections).map { .bad("the key \(key) \($0)") } ?? .unknownKey(key)
    }

    private func run(_ arguments: [String]) throws -> (isDone: Bool, output: String, errors: String) {
        let output = folder.appending(path: "output")
        let errors = folder.appending(path: "errors")
        let ending = try Program(
            program, ["-Y"] + arguments + ["-s", "signature"], environment: environment, directory: folder
        ).run(
            input: folder.appending(path: "content"), output: .file(output), errors: .file(errors), timeLimit: 60)
        func text(_ file: URL) -> String {
            (try? Data(contentsOf: file)).map { String(decoding: $0.prefix(100_000), as: UTF8.self) } ?? ""
        }
        return (ending == .exited(status: 0), text(output), text(errors))
    }

    /// The fingerprint at the end of `Good "git" signature … key SHA256:…`.
    private static func key(in output: String) -> String? {
        output.split(whereSeparator: \.isWhitespace).last.map(String.init).flatMap { $0.hasPrefix("SHA256:") ? $0 : nil }
    }

    /// Why a signature does not fit.
    private static func reason(in errors: String) -> String? {
        if errors.contains("namespace does not match") { return "it was made for another purpose than git's commits and tags" }
        if errors.contains("incorrect signature") { return "it is not of this text: one of them was changed or copied" }
        if ["parse signature", "armor", "invalid format"].contains(where: errors.contains) {
            return "it only begins like a signature"
        }
        return errors.split(whereSeparator: \.isNewline).last.map { "ssh-keygen says: \($0.prefix(200))" }
    }

    /// Why a key that is on the list does not count.
    private static func objection(in errors: String) -> String? {
        if errors.contains("has expired") { return "has expired on the list of allowed signers" }
        if errors.contains("not yet valid") { return "is not valid yet by the list of allowed signers" }
        if errors.contains("not permitted for use in signature namespace") {
            return "is not allowed for this purpose: its namespaces are others"
        }
        return errors.contains("no valid principals") || errors.contains("certificate not authorized")
            ? "has a certificate that has expired, or is for somebody else" : nil
    }

    /// As `-O verify-time` takes it.
    private static func text(_ time: Date) -> String {
        // It takes no second 0.
        let time = max(time, Date(timeIntervalSince1970: 1))
        let parts = Calendar.utc.dateComponents([.year, .month, .day, .hour, .minute, .second], from: time)
        func digits(_ number: Int?, _ count: Int) -> String {
            let text = String(max(number ?? 0, 0))
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        return digits(parts.year, 4)
            + [parts.month, parts.day, parts.hour, parts.minute, parts.second].map { digits($0, 2) }
            .joined() + "Z"
    }
}

extension Calendar {
    fileprivate static var utc: Calendar {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar
    }
}
