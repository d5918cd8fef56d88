import CanonicalJSON
import Foundation
import Synchronization

/// Writes a line for each request that was answered: when, who, what and how long, without what was said.
final class AccessLog: Sendable {
    private let write: (@Sendable (JSON) -> Void)?
    private let queue = DispatchQueue(label: "log")

    /// - Parameter write: takes lines one at a time; `nil` for no log.
    init(_ write: (@Sendable (JSON) -> Void)?) { self.write = write }

    func add(_ line: @escaping @Sendable () -> JSON) {
        guard let write else { return }
        queue.async { write(line()) }
    }

    /// Returns when all lines are written.
    func flush() { queue.sync {} }
}

/// A request, from its arrival to its line in the log.
final class LogEntry: Sendable {
    private struct State {
        var key: String?
        var model: String?
        var firstToken: Double?
        var usage: TokenUsage?
        var end: FinishedAnswer.End?
        var hasEnded = false
    }

    private let method: String
    private let path: String
    /// The path of the route, with names in braces; `nil` where there is none.
    private let route: String?
    private let log: AccessLog
    private let figures: ServerFigures
    private let began = MonotonicTime.now
    /// Seconds since 1970.
    private let seconds1970 = time(nil)
    private let state = Mutex(State())

    init(_ request: WebRequest, route: String?, log: AccessLog, figures: ServerFigures) {
        (method, path) = (request.method, request.path)
        (self.route, self.log, self.figures) = (route, log, figures)
    }

    func use(key: String?) { state.withLock { $0.key = key } }

    func use(model: String) { state.withLock { $0.model = model } }

    func firstToken() {
        let now = MonotonicTime.now
        state.withLock { $0.firstToken = $0.firstToken ?? now }
    }

    func count(_ usage: TokenUsage, end: FinishedAnswer.End?) { state.withLock { ($0.usage, $0.end) = (usage, end) } }

    /// The answer is given, or nobody waits for it anymore. Only the first end counts.
    func end(status: Int) {
        let now = MonotonicTime.now
        let ended = state.withLock { state -> State? in
            defer { state.hasEnded = true }
            return state.hasEnded ? nil : state
        }
        guard let ended else { return }
        figures.count(
            route: route ?? "", status: status, seconds: now - began, firstToken: ended.firstToken.map { $0 - began },
            usage: ended.usage ?? TokenUsage())
        log.add { [self] in line(ended, status: status, seconds: now - began) }
    }

    private func line(_ state: State, status: Int, seconds: Double) -> JSON {
        var members: [(String, JSON)] = [
            ("time", .string(Self.text(of: seconds1970))), ("method", .string(method)), ("path", .string(path)),
            ("status", .count(status)), ("ms", .number(Self.milliseconds(seconds))),
        ]
        if let key = state.key { members.append(("key", .string(key))) }
        if let model = state.model { members.append(("model", .string(model))) }
        if let first = state.firstToken { members.append(("first_token_ms", .number(Self.milliseconds(first - began)))) }
        if let usage = state.usage {
            members.append(("prompt_tokens", .count(usage.prompt)))
            members.append(("cached_tokens", .count(usage.cached)))
            members.append(("completion_tokens", .count(usage.answer)))
        }
        if let end = state.end { members.append(("end", .string(end.rawValue))) }
        return .object(inOrder: members)
    }

    /// `2026-11-30T22:14:07Z`, without a formatter, which would take longer than the rest of a line.
    private static func text(of seconds: time_t) -> String {
        var (seconds, parts) = (seconds, tm())
        gmtime_r(&seconds, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let day = "\(1900 + parts.tm_year)-\(two(1 + parts.tm_mon))-\(two(parts.tm_mday))"
        return "\(day)T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
    }

    private static func milliseconds(_ seconds: Double) -> Double { (seconds * 1e6).rounded() / 1e3 }
}
