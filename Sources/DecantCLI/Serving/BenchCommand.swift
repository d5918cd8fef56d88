import ArgumentParser
import CanonicalJSON
import Engine
import Foundation
import Kinds
import Load

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure servers.", subcommands: [BenchServeCommand.self])
}

struct BenchServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Put load on a server of the OpenAI interface and measure its answers.",
        discussion: """
            The server may be anybody's; it is asked greedily, and for a stream. Clients (--concurrency) ask again as soon as \
            they are answered; requests at a rate (--rate) come at random times, the same in every run, whether others are \
            answered or not. Times are from the moment at which a request was due.
            """)

    @Argument(help: "The server: http://HOST:PORT, with or without /v1.")
    var url: String

    @Option(help: "The model, as the server calls it.")
    var model: String

    @Option(help: "The environment variable with the key that the server wants.")
    var apiKey: String?

    @Option(help: "A file of questions: a line each, or JSON lines with 'messages', 'query' or 'prompt'.")
    var prompts: String?

    @Option(help: "Words of a prompt that is made, about a token each (else 256). None comes twice.")
    var promptTokens: Int?

    @Option(help: "Words with which all made prompts begin.")
    var sharedPrefix = 0

    @Option(help: "Tokens of an answer, at most.")
    var answerTokens = 64

    @Flag(help: "Let the server go on with a text in place of a chat.")
    var completions = false

    @Option(help: "Numbers of clients, as in 1,8,64 (else 1,8,16,32,64,128 where no rate is given).")
    var concurrency: NumberList?

    @Option(help: "Requests a second, as in 1,20.")
    var rate: NumberList?

    @Option(help: "Seconds of each load (else 10 where no requests are given).")
    var duration: Double?

    @Option(help: "Requests of each load.")
    var requests: Int?

    @Option(help: "Requests before each load that are not measured.")
    var warmUp = 8

    @Option(name: .customLong("slo-ttft"), help: "Milliseconds to the first token, at most, for an answer to count as goodput.")
    var firstTokenLimit: Double?

    @Option(name: .customLong("slo-tpot"), help: "Milliseconds for each further token, at most, in the mean of an answer.")
    var furtherTokenLimit: Double?

    @Option(help: "Further members of each request, as in '{\"ignore_eos\": true}'.")
    var extra: String?

    @Option(help: "Of the times of requests at a rate, and of made prompts.")
    var seed: UInt64 = 1

    @Option(help: "Seconds that a request may take.")
    var timeout = 600.0

    @OptionGroup var output: OutputOptions

    func validate() throws {
        func refuse(_ isWrong: Bool, _ message: String) throws { if isWrong { throw ValidationError(message) } }
        try refuse(prompts != nil && promptTokens != nil, "name --prompts or --prompt-tokens, not both")
        try refuse(prompts != nil && (sharedPrefix != 0 || completions), "a file's questions are as they are written")
        try refuse(!(1...1_000_000).contains(promptTokens ?? 1), "--prompt-tokens must be at least 1")
        let most = (promptTokens ?? Self.standardPromptTokens) - PromptShape.leastOwnTokens
        try refuse(
            sharedPrefix != 0 && !(0...max(0, most)).contains(sharedPrefix),
            "--shared-prefix must leave \(PromptShape.leastOwnTokens) words to each prompt")
        try refuse(answerTokens < 1, "--answer-tokens must be at least 1")
        try refuse(
            concurrency?.numbers.allSatisfy { $0 == $0.rounded() && (1...4096).contains($0) } == false,
            "--concurrency takes whole numbers from 1 to 4096")
        try refuse(rate?.numbers.allSatisfy { (1e-3...1e5).contains($0) } == false, "--rate takes numbers from 0.001 to 100000")
        try refuse(!((duration ?? 1) > 0 && (duration ?? 1) <= 86_400), "--duration must be above 0")
        try refuse((requests ?? 1) < 1, "--requests must be at least 1")
        try refuse(warmUp < 0, "--warm-up must be at least 0")
        try refuse(!(timeout > 0 && timeout <= 86_400), "--timeout must be above 0")
    }

    func run() throws {
        let settings = LoadSettings(model: model, maxTokens: answerTokens, extra: try members())
        let prompts = try questions()
        let server = try address()
        let key = try secret(for: server)
        do {
            let client = try LoadClient(server, prompts.interface, key: key, timeout: timeout)
            var bench = ServerBench(of: client, at: server, objective: objective) { settings.body(prompts[$0]) }
            for load in loads {
                try bench.measure(load, warmingUp: warmUp)
                Console.progress("\(load.name): \(bench.lastLine)")
            }
            let report = bench.report(model: model)
            output.print(report.json, report.text)
            guard report.failures > 0 else { return }
            throw CommandFailure(status: ExitStatus.stageFailed, message: report.failureText)
        } catch let failure as LoadFailure {
            throw CommandFailure(status: ExitStatus.stageFailed, message: failure.description)
        }
    }

    private static let standardPromptTokens = 256

    private func questions() throws -> LoadPrompts {
        if let prompts { return try LoadPrompts(reading: prompts) }
        let shape = PromptShape(promptTokens: promptTokens ?? Self.standardPromptTokens, sharedTokens: sharedPrefix)
        let seed = seed
        return LoadPrompts(shape, by: completions ? .completions : .chat) { prompt, word in
            Philox(seed: seed, purpose: .prompts, step: UInt64(bitPattern: Int64(prompt))).uniform(UInt32(word))
        }
    }

    private func address() throws(CommandFailure) -> ServerAddress {
        do throws(LoadFailure) {
            return try ServerAddress(url)
        } catch {
            throw CommandFailure.badInput(error.description)
        }
    }

    private func members() throws(CommandFailure) -> [String: JSON] {
        guard let extra else { return [:] }
        guard let members = (try? JSON(parsing: extra))?.object else {
            throw CommandFailure.badInput("--extra is no JSON object: \(extra)")
        }
        return members
    }

    /// The key that a person names, which no other machine gets to see over plain HTTP.
    private func secret(for server: ServerAddress) throws(CommandFailure) -> String? {
        guard let apiKey else { return nil }
        guard server.isLocal else {
            throw CommandFailure.badInput(
                "\(apiKey) is not sent to \(server.host): anybody on the way can read plain http; measure on the server's machine"
            )
        }
        guard let value = ProcessInfo.processInfo.environment[apiKey], !value.isEmpty else {
            throw CommandFailure.badInput("the environment variable \(apiKey), which --api-key names, is not set")
        }
        return value
    }

    private var objective: ServiceObjective? {
        .stated(firstToken: firstTokenLimit.map { $0 / 1000 }, furtherToken: furtherTokenLimit.map { $0 / 1000 })
    }

    private var loads: [NamedLoad] {
        let seconds = duration ?? (requests == nil ? 10 : nil)
        let standard = rate == nil ? BenchServe.standard.clients.map { Double($0) } : []
        let random = Philox(seed: seed, purpose: .arrivals)
        let closed = (concurrency?.numbers ?? standard).map { number in
            NamedLoad(kind: .clients, number: number, load: .closed(clients: Int(number), requests: requests, seconds: seconds))
        }
        let open = (rate?.numbers ?? []).map { rate in
            NamedLoad(
                kind: .rate, number: rate,
                load: .poisson(rate: rate, requests: requests, seconds: seconds) { random.uniform(UInt32($0)) })
        }
        return closed + open
    }
}

/// Numbers with commas between them.
struct NumberList: ExpressibleByArgument {
    let numbers: [Double]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        numbers = parts.compactMap { Double($0) }.filter(\.isFinite)
        if numbers.isEmpty || numbers.count < parts.count { return nil }
    }
}
