import Engine
import Synchronization

/// What a server has done, in the text form that Prometheus reads.
final class ServerFigures: Sendable {
    /// Times by upper bound.
    private struct Histogram {
        static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

        private var counts = [Int](repeating: 0, count: Histogram.bounds.count)
        private var count = 0
        private var sum = 0.0

        mutating func add(_ value: Double) {
            for (place, bound) in Self.bounds.enumerated() where value <= bound { counts[place] += 1 }
            count += 1
            sum += value
        }

        func lines(_ name: String) -> [String] {
            zip(Self.bounds, counts).map { "\(name)_bucket{le=\"\($0)\"} \($1)" }
                + ["\(name)_bucket{le=\"+Inf\"} \(count)", "\(name)_sum \(sum)", "\(name)_count \(count)"]
        }
    }

    private struct Requests: Hashable {
        var route: String
        var status: Int
    }

    private struct State {
        var requests: [Requests: Int] = [:]
        var seconds = Histogram()
        var firstToken = Histogram()
        var usage = TokenUsage()
    }

    private let state = Mutex(State())

    func count(route: String, status: Int, seconds: Double, firstToken: Double?, usage: TokenUsage) {
        state.withLock { state in
            state.requests[Requests(route: route, status: status), default: 0] += 1
            state.usage.prompt += usage.prompt
            state.usage.answer += usage.answer
            state.usage.cached += usage.cached
            guard let firstToken else { return }
            state.seconds.add(seconds)
            state.firstToken.add(firstToken)
        }
    }

    /// - Parameters:
    ///   - models: with their engines' own figures; `nil` for a model that only weighs.
    ///   - connections: those that are open.
    func text(models: [(name: String, figures: EngineFigures?)], connections: Int) -> String {
        let state = state.withLock { $0 }
        var lines: [String] = []
        func add(_ name: String, _ type: String, _ help: String, _ samples: [String]) {
            lines += ["# HELP \(name) \(help)", "# TYPE \(name) \(type)"] + samples
        }
        let requests = state.requests.sorted { ($0.key.route, $0.key.status) < ($1.key.route, $1.key.status) }
        add(
            "decant_requests_total", "counter", "Requests by route and status.",
            requests.map { "decant_requests_total{route=\"\($0.key.route)\",status=\"\($0.key.status)\"} \($0.value)" })
        add(
            "decant_request_seconds", "histogram", "From a request to its whole answer, of requests with tokens.",
            state.seconds.lines("decant_request_seconds"))
        add(
            "decant_first_token_seconds", "histogram", "From a request to its first token.",
            state.firstToken.lines("decant_first_token_seconds"))
        let counters = [
            ("decant_prompt_tokens_total", "Tokens of prompts.", state.usage.prompt),
            ("decant_cached_tokens_total", "Tokens of prompts that were not read again.", state.usage.cached),
            ("decant_completion_tokens_total", "Tokens of answers.", state.usage.answer),
        ]
        for (name, help, value) in counters { add(name, "counter", help, ["\(name) \(value)"]) }
        add("decant_connections", "gauge", "Open connections.", ["decant_connections \(connections)"])
        for (name, type, help, value) in Self.ofEngines {
            let samples = models.compactMap { model in
                model.figures.map { "\(name){model=\"\(Self.quoted(model.name))\"} \(value($0))" }
            }
            add(name, type, help, samples)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static let ofEngines: [(name: String, type: String, help: String, value: @Sendable (EngineFigures) -> Int)] = [
        ("decant_waiting", "gauge", "Requests that wait for a place.", { $0.waiting }),
        ("decant_running", "gauge", "Answers that grow.", { $0.running }),
        ("decant_cache_blocks_held", "gauge", "Blocks of keys and values that answers hold.", { $0.blocksHeld }),
        ("decant_cache_blocks_shared", "gauge", "Blocks that later prompts may share.", { $0.blocksShared }),
        ("decant_cache_blocks_free", "gauge", "Blocks that are left.", { $0.blocksFree }),
        ("decant_tokens_read_total", "counter", "Tokens that the model read.", { $0.tokensRead }),
        ("decant_tokens_made_total", "counter", "Tokens of answers that the model made.", { $0.tokensMade }),
        ("decant_steps_total", "counter", "Steps of the engine.", { $0.steps }),
        ("decant_drafted_tokens_total", "counter", "Drafted tokens.", { $0.draftedTokens }),
        ("decant_accepted_tokens_total", "counter", "Drafted tokens that were chosen.", { $0.acceptedTokens }),
        ("decant_answers_cancelled_total", "counter", "Answers that nobody waited for anymore.", { $0.cancelled }),
        ("decant_answers_failed_total", "counter", "Answers that the engine could not give.", { $0.failed }),
    ]

    private static func quoted(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
