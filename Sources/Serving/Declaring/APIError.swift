import CanonicalJSON

/// Why a request gets no answer: a status, and what OpenAI's clients read of it.
struct APIError: Error, Hashable, Sendable {
    enum Kind: String, Sendable {
        case invalidRequest = "invalid_request_error"
        case authentication = "authentication_error"
        case rateLimit = "rate_limit_error"
        case server = "server_error"
    }

    var status: Int
    var kind: Kind
    var message: String
    /// The field of the request that is wrong.
    var field: String?
    var code: String?
    /// Seconds after which the client may ask again.
    var retryAfter: Int?

    /// The request says something that cannot be.
    static func invalid(_ message: String, field: String? = nil, code: String? = nil) -> APIError {
        APIError(status: 400, kind: .invalidRequest, message: message, field: field, code: code)
    }

    static func missing(_ message: String, code: String? = nil) -> APIError {
        APIError(status: 404, kind: .invalidRequest, message: message, code: code)
    }

    /// Too much is asked at one time.
    static func busy(_ message: String, retryAfter seconds: Int, code: String) -> APIError {
        APIError(status: 429, kind: .rateLimit, message: message, code: code, retryAfter: seconds)
    }

    /// The server cannot answer now.
    static func unavailable(_ message: String, retryAfter seconds: Int? = nil) -> APIError {
        APIError(status: 503, kind: .server, message: message, code: "unavailable", retryAfter: seconds)
    }

    static let unauthorized = APIError(
        status: 401, kind: .authentication,
        message: "give one of this server's keys: 'Authorization: Bearer KEY'", code: "invalid_api_key")

    var json: JSON {
        let error: JSON = .object(inOrder: [
            ("message", .string(message)), ("type", .string(kind.rawValue)), ("param", field.map(JSON.string) ?? .null),
            ("code", code.map(JSON.string) ?? .null),
        ])
        return .object(inOrder: [("error", error)])
    }

    var response: WebResponse {
        var headers: [(name: String, value: String)] = []
        if let retryAfter { headers.append((name: "Retry-After", value: String(retryAfter))) }
        if status == 401 { headers.append((name: "WWW-Authenticate", value: "Bearer")) }
        return WebResponse(json, status: status, headers: headers)
    }

    /// The error's form, for the OpenAPI document.
    static let schema: JSON = [
        "type": "object", "required": ["error"],
        "properties": [
            "error": [
                "type": "object", "required": ["message", "type", "param", "code"],
                "properties": [
                    "message": ["type": "string"], "type": ["type": "string"], "param": ["type": ["string", "null"]],
                    "code": ["type": ["string", "null"]],
                ],
            ]
        ],
    ]
}

extension WebResponse {
    /// JSON with its members in the order of writing.
    init(_ json: JSON, status: Int = 200, headers: [(name: String, value: String)] = []) {
        self.init(status, type: "application/json", body: json.writtenBytes + [UInt8(ascii: "\n")], headers: headers)
    }
}
