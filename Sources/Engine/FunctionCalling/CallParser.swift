import CanonicalJSON

/// Reads a model's response as calls, strictly: a JSON list of `{"name", "arguments"}` and nothing else. Numbers stay as they
/// are written.
package enum CallParser {
    package static func calls(in response: String) -> Result<[FunctionCall], RowError> {
        do throws(RowError) {
            return .success(try parse(response))
        } catch {
            return .failure(error)
        }
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
