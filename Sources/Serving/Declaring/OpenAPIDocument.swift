import CanonicalJSON

/// The description of a server's routes by OpenAPI 3.1.
struct OpenAPIDocument {
    let routes: APIRoutes
    let version: String

    var json: JSON {
        var paths: [(String, JSON)] = []
        for route in routes.all {
            let described: JSON = .object(inOrder: [(route.method.rawValue.lowercased(), operation(of: route))])
            if let place = paths.firstIndex(where: { $0.0 == route.path }) {
                paths[place].1 = paths[place].1.merging(described)
            } else {
                paths.append((route.path, described))
            }
        }
        return .object(inOrder: [
            ("openapi", "3.1.0"),
            ("info", ["title": "Decant", "version": .string(version)]),
            ("paths", .object(inOrder: paths)),
            (
                "components",
                [
                    "schemas": ["Error": APIError.schema],
                    "securitySchemes": ["key": ["type": "http", "scheme": "bearer"]],
                ]
            ),
        ])
    }

    private func operation(of route: APIRoute) -> JSON {
        var members: [(String, JSON)] = [("summary", .string(route.summary))]
        if route.needsKey { members.append(("security", [["key": []], [:]])) }
        if !route.parameterNames.isEmpty {
            members.append(
                (
                    "parameters",
                    .array(
                        route.parameterNames.map { name in
                            ["name": .string(name), "in": "path", "required": true, "schema": ["type": "string"]]
                        })
                ))
        }
        if let fields = route.fields {
            members.append(
                ("requestBody", ["required": true, "content": ["application/json": ["schema": fields.schema]]]))
        }
        members.append(("responses", responses(of: route)))
        return .object(inOrder: members)
    }

    private func responses(of route: APIRoute) -> JSON {
        let content: JSON =
            switch route.answer {
            case .json(let schema): ["application/json": ["schema": schema]]
            case .jsonOrEvents(let schema):
                ["application/json": ["schema": schema], "text/event-stream": ["schema": ["type": "string"]]]
            case .text(let type): [type: ["schema": ["type": "string"]]]
            }
        var responses: [(String, JSON)] = [("200", ["description": "The answer.", "content": content])]
        for status in Set(Self.errors(of: route)).sorted() {
            responses.append(
                (
                    String(status),
                    [
                        "description": .string(Self.meanings[status] ?? "An error."),
                        "content": ["application/json": ["schema": ["$ref": "#/components/schemas/Error"]]],
                    ]
                ))
        }
        return .object(inOrder: responses)
    }

    private static func errors(of route: APIRoute) -> [Int] {
        let body = route.fields == nil ? [] : [400, 413, 415]
        let key = route.needsKey ? [401, 429] : []
        return [404, 405] + body + key + route.errors
    }

    private static let meanings = [
        400: "The request is wrong.", 401: "A key is missing or unknown.", 404: "There is no such model or address.",
        405: "The address takes another method.", 413: "The body is too large.", 415: "The body is no JSON.",
        429: "Too much is asked at one time; ask again after the seconds of Retry-After.",
        503: "The server cannot answer now.",
    ]
}
