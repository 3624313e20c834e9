#include "app/settings_loader.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace relay {
namespace {

// A folder of its own for each test, and good secrets in the environment.
class SettingsLoader : public testing::Test {
 protected:
  SettingsLoader() {
    std::string path = (std::filesystem::temp_directory_path() / "settings-XXXXXX").string();
    folder_ = mkdtemp(path.data());
    sources_.default_env_file = folder_ + "/.env";
    sources_.environment = {{"JWT_SIGNING_SECRET", std::string(32, 's')},
                            {"RELAY_API_KEY", std::string(16, 'k')}};
  }
  ~SettingsLoader() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, std::string_view text) const {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }

  Settings load() const {
    auto loaded = load_settings(sources_, needs_of_server());
    EXPECT_TRUE(loaded.has_value()) << loaded.error().front().name << " " << loaded.error().front().sentence;
    return loaded ? loaded->settings : Settings{};
  }

  // The names of the problems, in order.
  std::vector<std::string> problems(const SettingNeeds& needs = needs_of_server()) const {
    std::vector<std::string> names;
    if (const auto loaded = load_settings(sources_, needs); !loaded) {
      for (const SettingProblem& problem : loaded.error()) names.push_back(problem.name);
    }
    return names;
  }

  using Names = std::vector<std::string>;
  std::string folder_;
  SettingSources sources_;
};

TEST_F(SettingsLoader, PrefersFlagsToTheEnvironmentAndThatToTheFile) {
  write(".env", "PORT=4101\nNONCE_TTL_S=111\nDRAIN_S=11\n");
  sources_.environment["PORT"] = "4102";
  sources_.environment["NONCE_TTL_S"] = "222";
  sources_.flags["PORT"] = "4103";

  const Settings settings = load();

  EXPECT_EQ(settings.listen.port, 4103);
  EXPECT_EQ(settings.events.nonce_lifetime.count(), 222);
  EXPECT_EQ(settings.life.drain.count(), 11);
}

TEST_F(SettingsLoader, TakesTheFileThatIsNamedInsteadOfTheDefaultOne) {
  write(".env", "PORT=4201\n");
  sources_.env_file = write("other.env", "DRAIN_S=7\n");

  EXPECT_EQ(load().listen.port, 4000);
  EXPECT_EQ(load().life.drain.count(), 7);
}

TEST_F(SettingsLoader, NeedsTheFileThatIsNamed) {
  sources_.env_file = folder_ + "/none";
  EXPECT_EQ(problems(), Names{folder_ + "/none"});
  sources_.env_file = folder_;
  EXPECT_EQ(problems(), Names{folder_});
}

TEST_F(SettingsLoader, NamesTheMalformedLineOfTheFile) {
  const std::string path = write(".env", "PORT=1\nsecret stuff\n");

  const auto loaded = load_settings(sources_, needs_of_server());

  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error(), (SettingProblems{{path, "line 2 needs NAME=value"}}));
}

TEST_F(SettingsLoader, CollectsAllProblems) {
  sources_.environment = {
      {"PORT", "abc"}, {"LOG_LEVEL", "loud"}, {"JWT_SIGNING_SECRET", std::string(31, 'x')}};
  EXPECT_EQ(problems(), (Names{"PORT", "JWT_SIGNING_SECRET", "RELAY_API_KEY", "LOG_LEVEL"}));
}

TEST_F(SettingsLoader, TakesAnEmptyValueForNoneButForClientEvents) {
  write(".env", "PORT=4300\n");
  for (const SettingDescription& setting : setting_table())
    sources_.environment.try_emplace(std::string(setting.name));

  const Settings settings = load();

  EXPECT_EQ(settings.listen.port, 4300);
  EXPECT_TRUE(settings.clients.client_events.empty());
  sources_.environment.erase("CLIENT_EVENTS");
  EXPECT_EQ(load().clients.client_events, std::vector<std::string>{"client.*"});
}

TEST_F(SettingsLoader, ReadsSecretsFromFiles) {
  sources_.environment.clear();
  sources_.environment["JWT_SIGNING_SECRET_FILE"] = write("jwt", std::string(32, 'j') + "\r\n");
  sources_.flags["RELAY_API_KEY_FILE"] = write("api", std::string(16, 'a') + "\n\n");

  const Settings settings = load();

  EXPECT_EQ(settings.access.jwt_signing_secret.reveal(), std::string(32, 'j'));
  EXPECT_EQ(settings.access.api_keys.reveal().substr(0, 16), std::string(16, 'a'));
}

TEST_F(SettingsLoader, NamesTheFileOfASecretThatCannotBeRead) {
  sources_.environment.erase("RELAY_API_KEY");
  for (const std::string& path :
       {folder_ + "/none", folder_, write("empty", "\n"), write("big", std::string(70000, 'x'))}) {
    sources_.environment["RELAY_API_KEY_FILE"] = path;
    EXPECT_EQ(problems(), Names{"RELAY_API_KEY_FILE"}) << path;
  }
}

TEST_F(SettingsLoader, RefusesASecretThatIsSetTwice) {
  sources_.environment["RELAY_API_KEY_FILE"] = write("api", std::string(16, 'a'));
  EXPECT_EQ(problems(), Names{"RELAY_API_KEY"});
}

TEST_F(SettingsLoader, AsksACommandOnlyForWhatItUses) {
  sources_.environment = {{"PORT", "abc"}, {"LOG_LEVEL", "loud"}};

  EXPECT_EQ(problems({.used = {}, .required = {}}), Names{});
  EXPECT_EQ(problems({.used = {"PORT"}, .required = {"JWT_SIGNING_SECRET"}}),
            (Names{"PORT", "JWT_SIGNING_SECRET"}));
  sources_.flags["DRAIN_S"] = "x";
  EXPECT_EQ(problems({.used = {}, .required = {}}), Names{"DRAIN_S"});
}

TEST_F(SettingsLoader, MakesSecretsUpOnlyForDev) {
  sources_.environment.clear();
  EXPECT_EQ(problems(), (Names{"JWT_SIGNING_SECRET", "RELAY_API_KEY"}));
  sources_.environment["DEV"] = "true";

  const Settings settings = load();

  EXPECT_EQ(settings.notes.generated_secrets, (Names{"JWT_SIGNING_SECRET", "RELAY_API_KEY"}));
  EXPECT_GE(settings.access.jwt_signing_secret.reveal().size(), 32U);
  EXPECT_NE(settings.access.jwt_signing_secret, load().access.jwt_signing_secret);
  EXPECT_EQ(settings.listen.host, "127.0.0.1");
  EXPECT_EQ(settings.life.ready_delay.count(), 0);
}

TEST_F(SettingsLoader, KeepsDevOnThisMachine) {
  sources_.environment["DEV"] = "1";
  for (const std::string host : {"127.0.0.1", "127.1.2.3", "::1", "localhost"}) {
    sources_.environment["HOST"] = host;
    EXPECT_EQ(problems(), Names{}) << host;
  }
  sources_.environment["HOST"] = "0.0.0.0";
  sources_.environment["REDIS_URL"] = "redis://h";
  EXPECT_EQ(problems(), (Names{"HOST", "REDIS_URL"}));
  sources_.environment["DEV_INSECURE"] = "true";
  EXPECT_EQ(problems(), Names{});
}

TEST_F(SettingsLoader, WantsCertificateAndKeyTogether) {
  sources_.environment["TLS_CERT_FILE"] = write("crt", "x");
  EXPECT_EQ(problems(), Names{"TLS_KEY_FILE"});
  sources_.environment["TLS_KEY_FILE"] = folder_ + "/none";
  EXPECT_EQ(problems(), Names{"TLS_KEY_FILE"});
  sources_.environment["TLS_CERT_FILE"] = folder_ + "/none";
  EXPECT_EQ(problems(), (Names{"TLS_CERT_FILE", "TLS_KEY_FILE"}));
}

TEST_F(SettingsLoader, ChecksWhatTwoSettingsMustAgreeOn) {
  struct Case {
    NamedTexts more;
    std::string_view problem;
  };
  const Case cases[] = {
      {{{"MANAGEMENT_PORT", "4000"}}, "MANAGEMENT_PORT"},
      {{{"WEBHOOK_URL", "http://h/"}}, "WEBHOOK_SECRET"},
      {{{"REDIS_URL", "redis+cluster://h"}}, "REDIS_ADAPTER"},
      {{{"EVENT_SCHEMAS", "/no/such/folder"}}, "EVENT_SCHEMAS"},
  };
  const NamedTexts good = sources_.environment;
  for (const auto& [more, problem] : cases) {
    sources_.environment = good;
    sources_.environment.insert(more.begin(), more.end());
    EXPECT_EQ(problems(), Names{std::string(problem)});
  }
}

TEST_F(SettingsLoader, TellsWhichSettingsHaveNoPartBehindThem) {
  sources_.environment["REDIS_ADAPTER"] = "pubsub";  // the default
  sources_.environment["NO_SUCH_SETTING"] = "1";
  EXPECT_EQ(load().notes.unbuilt, Names{});
  sources_.environment["REDIS_URL"] = "redis://h";

  const auto loaded = load_settings(sources_, needs_of_server());

  ASSERT_TRUE(loaded.has_value());
  if (find_setting("REDIS_URL")->part == SettingPart::refused) {
    EXPECT_EQ(unbuilt_settings_in_use(*loaded), Names{"REDIS_URL"});
    ASSERT_EQ(refused_settings_in_use(*loaded).size(), 1U);
    EXPECT_EQ(refused_settings_in_use(*loaded).front().name, "REDIS_URL");
  }
}

}  // namespace
}  // namespace relay
