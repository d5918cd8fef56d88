/// Why a model behind a server gave no answer; never with a key.
package enum EndpointError: Error, Hashable, Sendable, CustomStringConvertible {
    case badURL(String)
    case missingKey(variable: String)
    case badKey(variable: String)
    case badQuestion(line: Int)
    /// The server will not answer however often it is asked. `variable` names the key's, where one was sent.
    case refused(url: String, status: Int, message: String, keyWasSent: Bool)
    /// Attempts were made until there were enough; `reason` is that of the last.
    case unanswered(url: String, attempts: Int, reason: String)
    /// `spent` is what was asked for in this build.
    case overBudget(limit: String, spent: Int, recorded: Int, total: Int)

    package var description: String {
        switch self {
        case .badURL(let url):
            "'\(url)' is not the URL of a server; write 'url: https://HOST/v1'"
        case .missingKey(let variable):
            "the environment variable \(variable), which 'api_key_env' names, is not set; put the server's key into it"
        case .badKey(let variable):
            "what the environment variable \(variable) holds is no key: it has characters that a header cannot have"
        case .badQuestion(let line):
            "the stage's questions cannot be read in line \(line)"
        case .refused(let url, let status, let message, let keyWasSent):
            "\(url) answered with HTTP status \(status)" + (message.isEmpty ? "" : ": \(message)")
                + "; \(Self.fix(for: status, keyWasSent)); what was answered before is recorded"
        case .unanswered(let url, let attempts, let reason):
            "\(url) gave no answer in \(attempts) attempts: \(reason); what was answered is recorded, build again to go on"
        case .overBudget(let limit, let spent, let recorded, let total):
            "the budget '\(limit)' is used up by \(spent) questions of this build; \(recorded) of \(total) answers are recorded, "
                + "\(total - recorded) are missing. Build again, or raise the limit, and only these are asked"
        }
    }

    private static func fix(for status: Int, _ keyWasSent: Bool) -> String {
        switch status {
        case 300..<400: "the server has moved: write its new address as 'url'"
        case 401 where keyWasSent, 403 where keyWasSent:
            "look at the key in the variable that 'api_key_env' names"
        case 401, 403: "no key was sent: put it into an environment variable and name that as 'api_key_env'"
        case 404, 405: "look at 'url', which ends in /v1 with most servers, and at 'model'"
        case 429: "the account is used up: look at the server's bill"
        default: "the server does not take this request: look at 'model', 'max_tokens' and 'temperature'"
        }
    }
}
