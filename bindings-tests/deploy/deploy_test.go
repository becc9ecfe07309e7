// Package deploy judges the files of deploy/ by what reads them elsewhere: Kubernetes' own types and its own rules for pods,
// and Compose's own loader; and by the command itself.
package deploy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/intstr"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	podsecurity "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

const (
	manifests = "../../deploy/kubernetes/tokenmint.yaml"
	compose   = "../../deploy/docker/compose.yaml"
)

// What stands in the manifests, by kind.
type cluster struct {
	configs    map[string]*corev1.ConfigMap
	deployment *appsv1.Deployment
	services   []*corev1.Service
	budget     *policyv1.PodDisruptionBudget
	policy     *networkingv1.NetworkPolicy
}

// Decodes every document strictly: a field that Kubernetes does not know, or of another type, is an error.
func read(t *testing.T) cluster {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, networkingv1.AddToScheme, policyv1.AddToScheme,
	} {
		must(t, add(scheme))
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	text, err := os.ReadFile(manifests)
	must(t, err)
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	found := cluster{configs: map[string]*corev1.ConfigMap{}}
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		object, kind, err := decoder.Decode(document, nil, nil)
		if err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
		if kind.Kind != "Namespace" && object.(metav1.Object).GetNamespace() != "tokenmint" {
			t.Errorf("a %s is in no namespace, or in another", kind.Kind)
		}
		switch object := object.(type) {
		case *corev1.ConfigMap:
			found.configs[object.Name] = object
		case *appsv1.Deployment:
			found.deployment = object
		case *corev1.Service:
			found.services = append(found.services, object)
		case *policyv1.PodDisruptionBudget:
			found.budget = object
		case *networkingv1.NetworkPolicy:
			found.policy = object
		}
	}
	return found
}

func TestManifestsPointAtWhatIsThere(t *testing.T) {
	cluster := read(t)
	deployment := cluster.deployment
	if *deployment.Spec.Replicas < 2 || cluster.budget.Spec.MinAvailable.IntValue() >= int(*deployment.Spec.Replicas) {
		t.Error("no pod can be taken away without an outage")
	}
	pod := deployment.Spec.Template
	selectors := map[string]*metav1.LabelSelector{
		"the deployment": deployment.Spec.Selector, "the budget": cluster.budget.Spec.Selector,
		"the network policy": &cluster.policy.Spec.PodSelector,
		"the spread":         pod.Spec.TopologySpreadConstraints[0].LabelSelector,
	}
	for _, service := range cluster.services {
		selectors["service "+service.Name] = &metav1.LabelSelector{MatchLabels: service.Spec.Selector}
	}
	for whose, selector := range selectors {
		selector, err := metav1.LabelSelectorAsSelector(selector)
		must(t, err)
		if selector.Empty() || !selector.Matches(labels.Set(pod.Labels)) {
			t.Errorf("%s does not select the pods", whose)
		}
	}

	container := pod.Spec.Containers[0]
	ports := map[string]int32{}
	for _, port := range container.Ports {
		ports[port.Name] = port.ContainerPort
	}
	known := func(whose string, port intstr.IntOrString) {
		if _, ok := ports[port.StrVal]; !ok {
			t.Errorf("%s names the port %q, which no container has", whose, port.String())
		}
	}
	known("the liveness probe", container.LivenessProbe.HTTPGet.Port)
	known("the readiness probe", container.ReadinessProbe.HTTPGet.Port)
	for _, service := range cluster.services {
		known(service.Name, service.Spec.Ports[0].TargetPort)
	}
	for _, rule := range cluster.policy.Spec.Ingress {
		for _, port := range rule.Ports {
			known("the network policy", *port.Port)
			if port.Port.StrVal == "admin" && len(rule.From) == 0 {
				t.Error("the admin API is open to everybody")
			}
		}
	}

	for _, source := range pod.Spec.Volumes[0].Projected.Sources {
		if source.ConfigMap != nil && cluster.configs[source.ConfigMap.Name] == nil {
			t.Errorf("there is no config map %q", source.ConfigMap.Name)
		}
		if source.Secret != nil && !strings.Contains(header(t, manifests), "secret generic "+source.Secret.Name+" ") {
			t.Errorf("nobody is told to make the secret %q", source.Secret.Name)
		}
	}
	// What the server takes to end: as long as it waits before, and 10 seconds for requests under way.
	if grace := *pod.Spec.TerminationGracePeriodSeconds; grace <= 5+10 {
		t.Errorf("pods are killed after %d seconds, before requests had their 10", grace)
	}
	if !strings.Contains(cluster.configs["tokenmint"].Data["tokenmint.toml"], "drain_delay = \"5s\"\n") {
		t.Error("the server does not wait for those who send requests")
	}
}

// By the rules of the pod security standards, as the API server applies them.
func TestPodsAreRestricted(t *testing.T) {
	pod := read(t).deployment.Spec.Template
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	must(t, err)
	level := podsecurity.LevelVersion{Level: podsecurity.LevelRestricted, Version: podsecurity.LatestVersion()}
	result := policy.AggregateCheckResults(evaluator.EvaluatePod(level, &pod.ObjectMeta, &pod.Spec))
	if !result.Allowed {
		t.Error(result.ForbiddenDetail())
	}
	if security := pod.Spec.Containers[0].SecurityContext; !*security.ReadOnlyRootFilesystem {
		t.Error("the root can be written")
	}
}

// The lines in the head of the manifests make the secrets, and with them the config map is a configuration.
func TestTheConfigMapIsAConfiguration(t *testing.T) {
	folder := t.TempDir()
	initialize(t, folder, header(t, manifests))
	config := read(t).configs["tokenmint"].Data["tokenmint.toml"]
	path := filepath.Join(folder, "tokenmint", "tokenmint.toml")
	must(t, os.WriteFile(path, []byte(config), 0o600))
	// What reads all of it, but listens nowhere.
	tokenmint(t, folder, "admin", "list_clients", "--config", path, "--data-dir", filepath.Join(folder, "data"))
	for _, file := range []string{"keys.json", "oauth.secret"} {
		if _, err := os.Stat(filepath.Join(folder, "tokenmint", file)); err != nil {
			t.Error(err)
		}
		if !strings.Contains(header(t, manifests), "--from-file=tokenmint/"+file) {
			t.Errorf("%s is in no secret", file)
		}
	}
}

func TestComposeIsWhatItsLoaderTakes(t *testing.T) {
	options, err := cli.NewProjectOptions([]string{compose}, cli.WithEnv([]string{"POSTGRES_PASSWORD=p"}))
	must(t, err)
	project, err := options.LoadProject(context.Background())
	must(t, err)
	service := project.Services["tokenmint"]
	if !service.ReadOnly || len(service.CapDrop) == 0 {
		t.Error("the root can be written, or capabilities are left")
	}
	for _, port := range service.Ports {
		if port.HostIP != "127.0.0.1" {
			t.Errorf("the world reaches port %d", port.Target)
		}
	}
	if _, err := os.Stat(filepath.Join(service.Build.Context, service.Build.Dockerfile)); err != nil {
		t.Error(err)
	}
	if *service.StopGracePeriod < 10_000_000_000 {
		t.Error("requests under way have no 10 seconds")
	}

	// Without a password there is none, rather than one that is empty.
	options, err = cli.NewProjectOptions([]string{compose})
	must(t, err)
	if _, err := options.LoadProject(context.Background()); err == nil {
		t.Error("it starts without a password")
	}

	// The line in its head makes what the image's command reads, for all addresses of the container.
	folder := t.TempDir()
	lines := strings.ReplaceAll(header(t, compose), "/var/lib/tokenmint", "tokenmint")
	lines = strings.ReplaceAll(lines, "docker compose run --rm tokenmint init", "tokenmint init")
	initialize(t, folder, lines)
	config, err := os.ReadFile(filepath.Join(folder, "tokenmint", "tokenmint.toml"))
	must(t, err)
	for _, line := range []string{"host = \"0.0.0.0\"\n", "listen = \"0.0.0.0:8081\"\n", "env:DATABASE_URL"} {
		if !strings.Contains(string(config), line) {
			t.Errorf("the configuration lacks %s", line)
		}
	}
}

// Runs the line of `tokenmint init` that stands in a file's head.
func initialize(t *testing.T, folder, lines string) {
	t.Helper()
	for line := range strings.Lines(lines) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "tokenmint" && words[1] == "init" {
			tokenmint(t, folder, words[1:]...)
			return
		}
	}
	t.Fatal("there is no line of tokenmint init")
}

func tokenmint(t *testing.T, folder string, arguments ...string) {
	t.Helper()
	command := exec.Command(os.Getenv("TOKENMINT"), arguments...)
	command.Dir = folder
	if printed, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", command.Args, err, printed)
	}
}

// The comment that a file begins with.
func header(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	var lines strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			break
		}
		lines.WriteString(strings.TrimLeft(line, "# "))
	}
	return lines.String()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
