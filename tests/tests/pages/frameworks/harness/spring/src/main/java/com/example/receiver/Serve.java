package com.example.receiver;

import java.io.File;
import org.apache.catalina.Context;
import org.apache.catalina.Wrapper;
import org.apache.catalina.startup.Tomcat;
import org.springframework.web.context.support.StaticWebApplicationContext;
import org.springframework.web.servlet.DispatcherServlet;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerAdapter;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;

/** Serves the page's controller on the port that is the argument. */
public class Serve {
    public static void main(String[] arguments) throws Exception {
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(new File("tomcat").getAbsolutePath());
        tomcat.setPort(Integer.parseInt(arguments[0]));
        tomcat.getConnector();
        Context context = tomcat.addContext("", null);
        // Without a class of configuration, for which Debian's build of Spring can create no proxy.
        StaticWebApplicationContext beans = new StaticWebApplicationContext();
        beans.registerSingleton("mapping", RequestMappingHandlerMapping.class);
        beans.registerSingleton("adapter", RequestMappingHandlerAdapter.class);
        beans.registerSingleton("controller", WebhookController.class);
        Wrapper servlet = Tomcat.addServlet(context, "spring", new DispatcherServlet(beans));
        servlet.setLoadOnStartup(1);
        servlet.addMapping("/");
        tomcat.start();
        tomcat.getServer().await();
    }
}
