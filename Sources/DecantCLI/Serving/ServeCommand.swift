import ArgumentParser
import CanonicalJSON
import Engine
import Files
import Foundation
import Programs
import Serving
import Synchronization

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve models of the store over HTTP, by OpenAI's interface.",
        discussion: """
            Answers are those of 'run': prompts are the ones that the model was trained with, and calls are held to their \
            schemas. A page to try a model is at the address itself. A line of JSON on standard output tells of each request, \
            without what was said. SIGTERM lets the answers in progress end.
            """)

    @Argument(
        help: "Models: each a stage, a target or a recipe with one, a tag, or a commit; NAME=MODEL serves it under a name.")
    var models: [String]

    @Option(help: "The address to listen at.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen at; 0 takes any that is free.")
    var port = 8080

    @Option(help: "A file of keys: a name and a key a line, perhaps 'concurrent=N' and 'per_minute=N'.")
    var keys: String?

    @Flag(help: "Look every second whether a name means another model now, and serve that one then.")
    var follow = false

    @Option(help: "Threads (else the processors).")
    var threads: Int?

    @Option(help: "Answers of a model that grow at the same time.")
    var places = EngineLimits().places

    @Option(help: "Requests to a model that may wait; further ones are refused.")
    var waiting = EngineLimits().waiting

    @Option(help: "Memory for keys and values of each model, as in 512MiB (else 1GiB).")
    var memory: ByteCount?

    @Option(help: "Precision of keys and values: float32, or int8, which takes a quarter of the memory and changes answers.")
    var cachePrecision = CachePrecision.float32

    @Flag(inversion: .prefixedNo, help: "Keep what prompts have in common for those that follow.")
    var prefixes = true

    @Flag(inversion: .prefixedNo, help: "Print a line of JSON for each request.")
    var log = true

    @OptionGroup var options: ResultOptions

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port must be from 0 to 65535") }
        let counts: [(String, Int?)] = [("--threads", threads), ("--places", places), ("--waiting", waiting)]
        for (name, value) in counts {
            if let value, !(1...4096).contains(value) { throw ValidationError("\(name) must be from 1 to 4096") }
        }
    }

    func run() throws {
        // Clients and readers of the log may go at any time.
        signal(SIGPIPE, SIG_IGN)
        try options.store.requireStore()
        let threads = threads ?? Machine.current.processors
        try PlainThread.expect(threads + 8)
        var limits = EngineLimits(places: places, waiting: waiting)
        if let memory { limits.cacheBytes = memory.bytes }
        limits.keepsPrefixes = prefixes
        let source = ServedModelSource(
            at: options.store, models, workers: WorkerPool(threads: threads), limits: limits, cachePrecision: cachePrecision)
        let loaded = try source.loadAll()
        let server = ModelServer(loaded, try settings(source))
        let address: ListeningSocket.Address
        do {
            address = try server.listen(at: .init(host: host, port: port))
        } catch let failure as ListeningFailure {
            throw CommandFailure.badInput("\(failure)")
        }
        source.serve(with: server)
        announce(address, source.names)
        let end = Ending()
        try CommandLineProgram.watch.get().hear([SIGTERM, SIGINT, SIGHUP]) { number in end.hear(number) }
        end.wait(every: follow ? 1 : nil) { source.follow() }
        Console.progress("stopping: answers in progress end first")
        server.drain()
    }

    private func settings(_ source: ServedModelSource) throws -> ModelServer.Settings {
        var settings = ModelServer.Settings(version: CommandLineProgram.version)
        settings.keys = try keys.map(Self.readKeys)
        if log { settings.log = { Console.output(json: $0) } }
        settings.onEngineFailure = { name, reason in
            Console.progress("warning: the engine of '\(name)' broke: \(reason)")
            source.reload(name)
        }
        if keys == nil, !["127.0.0.1", "::1", "localhost"].contains(host) {
            Console.progress("warning: anyone who reaches \(host) may ask; give clients keys with --keys FILE")
        }
        return settings
    }

    private func announce(_ address: ListeningSocket.Address, _ names: [String]) {
        let url = "http://\(address)/"
        if options.asJSON {
            Console.output(
                json: ["event": "listening", "url": .string(url), "models": .array(names.map(JSON.string))])
        }
        Console.progress("serving \(names.joined(separator: ", ")) at \(url)")
    }

    private static func readKeys(_ path: String) throws -> APIKeys {
        do {
            let bytes = try RegularFile.contents(of: path, limit: 1 << 20)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw CommandFailure.badInput("\(path): this is not UTF-8")
            }
            return try APIKeys(parsing: text)
        } catch let problem as FileProblem {
            throw CommandFailure.unreadable(path, problem)
        } catch let fault as APIKeys.Fault {
            throw CommandFailure.badInput("\(path), \(fault)")
        }
    }

    /// Waits for a signal; a second one ends the program at once.
    private final class Ending: Sendable {
        private let heard = Mutex<Int32?>(nil)
        private let semaphore = DispatchSemaphore(value: 0)

        func hear(_ number: Int32) {
            let isFirst = heard.withLock { heard in
                defer { heard = number }
                return heard == nil
            }
            if !isFirst { _exit(ExitStatus.interrupted(by: number)) }
            semaphore.signal()
        }

        /// - Parameter seconds: between two calls of `body`; `nil` for none.
        func wait(every seconds: Double?, _ body: () -> Void) {
            guard let seconds else { return semaphore.wait() }
            while semaphore.wait(timeout: .now() + seconds) == .timedOut { body() }
        }
    }
}

extension CachePrecision: ExpressibleByArgument {}
