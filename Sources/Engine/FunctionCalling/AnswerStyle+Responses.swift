import CanonicalJSON
import Words

extension AnswerStyle {
    /// The part of a response that holds the answer.
    package func answer(in response: String) -> Result<String, RowError> {
        switch self {
        case .call: .success(response)
        case .reasoning: ReasonedResponse.parse(response).map(\.answer)
        }
    }
}

/// A response that consists of a reasoning and an answer.
package struct ReasonedResponse: Hashable, Sendable {
    package var reasoning: String
    package var answer: String

    package init(reasoning: String, answer: String) { (self.reasoning, self.answer) = (reasoning, answer) }

    package var text: String { "<think>\(reasoning)</think><answer>\(answer)</answer>" }

    /// Reads a response with exactly one reasoning and then one answer, with only white space around them.
    package static func parse(_ response: String) -> Result<ReasonedResponse, RowError> {
        var places: [Range<String.Index>] = []
        for tag in ["<think>", "</think>", "<answer>", "</answer>"] {
            let found = response.ranges(of: tag)
            guard found.count == 1, found[0].lowerBound >= places.last?.upperBound ?? response.startIndex else {
                let fault = found.isEmpty ? "has no \(tag)" : found.count > 1 ? "has several \(tag)" : "has \(tag) too early"
                return .failure(RowError("the response \(fault)"))
            }
            places.append(found[0])
        }
        let outside = [
            response[..<places[0].lowerBound], response[places[1].upperBound..<places[2].lowerBound],
            response[places[3].upperBound...],
        ]
        guard outside.allSatisfy({ $0.allSatisfy(\.isWhitespace) }) else {
            return .failure(RowError("the response has text outside of its two parts"))
        }
        return .success(
            ReasonedResponse(
                reasoning: String(response[places[0].upperBound..<places[1].lowerBound]),
                answer: String(response[places[2].upperBound..<places[3].lowerBound])))
    }
}

/// Reads a model's response as calls: it must be a JSON list of `{"name", "arguments"}` and nothing else. Numbers keep their
/// spelling.
package enum CallParser {
    package static func calls(in response: String) -> Result<[FunctionCall], RowError> {
        Result { () throws(RowError) in try parse(response) }
    }

    private static func parse(_ response: String) throws(RowError) -> [FunctionCall] {
        let value: JSON
        do throws(JSONError) {
            value = try JSON(parsingAsWritten: response.utf8, maximumDepth: 64)
        } catch {
            throw RowError("the response is not JSON: \(error.reason) at column \(error.column)")
        }
        guard let entries = value.array else { throw RowError("the response is not a list of calls") }
        var calls: [FunctionCall] = []
        for entry in entries {
            if let unknown = entry.sortedMembers.first(where: { $0.key != "name" && $0.key != "arguments" }) {
                throw RowError("a call has a field '\(unknown.key)' beside 'name' and 'arguments'")
            }
            calls.append(try FunctionCall(json: entry))
        }
        return calls
    }
}

/// A reasoning that a rule makes from a row, for models that learn to reason before they are rewarded for it.
///
/// It names the functions that the query's words suggest, then each call's arguments with the words of the query that they come
/// from, and then the functions of the calls in order:
///
///     Maybe set_heat, set_light. set_light: room from "kitchen", state is off. So set_light.
///
/// A function is suggested by the distinct words of more than three letters that its name, summary and enums share with the query.
/// The three functions that share most words (of equal ones, the earlier name) are named in alphabetical order together with
/// those that are called.
///
/// The short form has the calls alone, and their functions where there is nothing else to say of them:
///
///     set_light: room from "kitchen", state is off.
struct WorkedReasoning {
    private static let mostSuggested = 3

    let text: String

    /// - Parameter functions: definitions by name; where the row lists none, all of them may be called.
    init(_ row: Row, functions: [String: FunctionDefinition], as form: ReasoningForm = .worked) {
        let query = Self.words(row.query)
        guard form == .worked else {
            let calls = row.answers.map { $0.arguments.isEmpty ? $0.name : Self.sources(of: $0, in: query) }
            text = (calls.isEmpty ? ["None fits"] : calls).map { $0 + "." }.joined(separator: " ")
            return
        }
        let pool = row.callable(in: functions).sorted()
        let telling = query.filter { $0.count > 3 }
        let shared = pool.map { name in
            (name, row.definition(of: name, in: functions).map { Self.words(of: $0).intersection(telling).count } ?? 0)
        }
        let suggested =
            shared
            .filter { $0.1 > 0 }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }.prefix(Self.mostSuggested).map(\.0)
        let called = row.answers.map(\.name)
        let considered = Set(suggested + called).sorted()
        var sentences: [String] = []
        if !considered.isEmpty { sentences.append("Maybe " + considered.joined(separator: ", ")) }
        for call in row.answers where !call.arguments.isEmpty { sentences.append(Self.sources(of: call, in: query)) }
        sentences.append(called.isEmpty ? "None fits" : "So " + called.joined(separator: ", "))
        text = sentences.map { $0 + "." }.joined(separator: " ")
    }

    /// A call's function and where each of its arguments comes from.
    private static func sources(of call: FunctionCall, in query: Set<String>) -> String {
        let sources = call.arguments.sorted { $0.key < $1.key }.map { source(of: $0.value, named: $0.key, in: query) }
        return "\(call.name): " + sources.joined(separator: ", ")
    }

    /// `room from "kitchen"` where the query has the value's words, else `room is kitchen`.
    private static func source(of value: JSON, named name: String, in query: Set<String>) -> String {
        let text = value.string ?? value.canonicalText
        let words = words(text)
        return words.isEmpty || !words.isSubset(of: query) ? "\(name) is \(text)" : "\(name) from \"\(text)\""
    }

    private static func words(of function: FunctionDefinition) -> Set<String> {
        let values = function.properties.flatMap { $0.schema["enum"]?.array ?? [] }.compactMap(\.string)
        return ([function.name, function.summary] + values).reduce(into: []) { $0.formUnion(words($1)) }
    }

    /// The runs of letters and digits, in lower case.
    private static func words(_ text: String) -> Set<String> {
        Set(text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init))
    }
}
