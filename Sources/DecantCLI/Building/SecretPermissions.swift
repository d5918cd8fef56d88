import BuildModel
import Endpoints
import Foundation
import Store
import Trust

/// Which secrets a recipe's servers may get: what the store's owner allowed, and what the person at the terminal allows now.
struct SecretPermissions: Sendable {
    private let settings: TrustSettings

    /// Asks once about each secret that the recipe names, that is there, and that is not allowed for its host; the answer is
    /// kept. Without a terminal nobody is asked, and nothing more is allowed.
    init(asking accesses: [EndpointAccess], in store: Store) throws {
        var settings = try store.trust().settings
        for access in accesses {
            guard case .variable(let name) = access.key, let host = SecretPermission.host(of: access.url) else { continue }
            let permission = SecretPermission(name: name, host: host)
            guard !settings.allows(permission), getenv(name) != nil, Console.inputIsTerminal,
                Console.ask("The recipe wants to send the secret \(name) to \(host). Allow it from now on?")
            else { continue }
            settings = try store.editTrust(Trust.settingsFile) { text in
                var settings = try TrustSettings(text: text)
                settings.allow(permission)
                text = settings.text
                return settings
            }
        }
        self.settings = settings
    }

    func allow(_ variable: String, _ url: String) -> Bool {
        SecretPermission.host(of: url).map { settings.allows(SecretPermission(name: variable, host: $0)) } ?? false
    }
}
