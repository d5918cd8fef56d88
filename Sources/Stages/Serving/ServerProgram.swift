import CanonicalJSON
import Foundation
import Programs
import Words

/// How a stage has a model served: the program that does it, with what its prompts and answers are.
package struct ServerProgram: Sendable {
    /// What is served, and how.
    package struct Offer: Sendable {
        /// A model folder.
        package var model: URL
        /// An artifact of data: its task and its functions.
        package var data: URL
        package var prompt: PromptStyle
        package var answer: AnswerStyle
        /// Whether what prompts have in common is read once.
        package var keepsPrefixes: Bool
        package var threads: Int
    }

    private let program: @Sendable (Offer) -> Program

    /// - Parameter program: serves an offer on this machine. As soon as it answers, it prints a line,
    ///   `{"host": …, "port": …, "model": …}`, and nothing more; it ends at SIGTERM, and when its standard input ends.
    package init(_ program: @escaping @Sendable (Offer) -> Program) { self.program = program }

    /// Serves a model as long as a body runs.
    func serving<Value>(_ offer: Offer, _ body: (RunningServer) throws -> Value) throws -> Value {
        let running: RunningProgram
        do throws(ProgramError) {
            running = try program(offer).start(errors: .log)
        } catch {
            throw StageFailure("the model's server: \(error)")
        }
        let server = RunningServer(running)
        defer { server.end() }
        try server.awaitAddress()
        return try body(server)
    }
}

/// A server that runs beside the stage.
final class RunningServer {
    private let program: RunningProgram
    private(set) var host = ""
    private(set) var port = 0
    /// As it calls its model.
    private(set) var model = ""

    /// Seconds within which a model must be ready, and within which its server ends.
    private static let patience = 600.0
    private static let lastPatience = 10.0
    private static let longestLine = 64 << 10

    init(_ program: RunningProgram) { self.program = program }

    var id: Int32 { program.id }

    /// Reads the line that says where the server answers.
    fileprivate func awaitAddress() throws {
        guard let line = firstLine(), let json = try? JSON(parsing: line), let host = json["host"]?.string,
            let port = json["port"]?.integer, let model = json["model"]?.string
        else { throw StageFailure("the model's server did not come up; the log says why") }
        (self.host, self.port, self.model) = (host, port, model)
    }

    private func firstLine() -> [UInt8]? {
        let end = ContinuousClock.now + .seconds(Self.patience)
        var bytes: [UInt8] = []
        while bytes.count < Self.longestLine {
            if let feed = bytes.firstIndex(of: UInt8(ascii: "\n")) { return Array(bytes[..<feed]) }
            let left = (end - ContinuousClock.now) / .milliseconds(1)
            guard left > 0 else { return nil }
            var wait = pollfd(fd: program.output.fileDescriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&wait, 1, Int32(left.rounded(.up)))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0, case let chunk = program.output.availableData, !chunk.isEmpty else { return nil }
            bytes += chunk
        }
        return nil
    }

    /// Ends the server, by force where it does not end by itself.
    fileprivate func end() {
        program.signal(SIGTERM)
        let killing = DispatchWorkItem { [program] in program.signal(SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.lastPatience, execute: killing)
        _ = program.waitForEnd()
        killing.cancel()
    }
}
